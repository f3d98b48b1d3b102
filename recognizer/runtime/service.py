"""The service's parent: starts recognition and the web process, and each again when it ends.

    python -m recognizer.runtime.service FOLDER -- ARGUMENTS of 'serve'

It loads nothing heavy. To its children it is what systemd is to a service: each gets a ``NOTIFY_SOCKET`` on which it
says that it is ready and alive, and one that falls silent is killed and started again. The web process may also say
``RESTART=recognition`` there, when settings have changed. A child that was ready is started again at once; one that
fails before waits, longer each time. What becomes of recognition stands in ``recognition.json`` in the folder.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from loguru import logger

from recognizer.runtime import streams
from recognizer.runtime.child import RECOGNITION, STATE_FILE, WEB, Child
from recognizer.runtime.supervisor import Supervisor

NOTHING_TO_DO = 76
"""Exit status of recognition without a camera, or whose files have ended; only ``restart`` starts it again."""
_TICK_S = 1.0
_WEB_LEAVES_S = 1.5
"""The web process has nothing to lose."""
_RECOGNITION_LEAVES_S = 11.0
"""Recognition ends itself within two seconds; only while it still writes its files, within ten (``stopping``)."""


class Service:
    """Runs both children until a signal comes.

    Args:
        folder: private folder for sockets.
        arguments: of ``serve``, as the user gave them.
        commands: of the children, in place of ``serve``'s own, for tests.
    """

    def __init__(
        self, folder: Path, arguments: list[str], *, commands: Mapping[str, list[str]] = MappingProxyType({})
    ) -> None:
        self._folder = folder
        self._web = Child(WEB, folder, arguments, leaves_s=_WEB_LEAVES_S, command=commands.get(WEB))
        self._recognition = Child(
            RECOGNITION, folder, arguments, leaves_s=_RECOGNITION_LEAVES_S, command=commands.get(RECOGNITION)
        )
        self._children = (self._recognition, self._web)
        self._stopping = False
        self._status = 0
        self._reported: tuple[object, ...] = ()

    def run(self) -> int:
        """Run until a signal comes, or until the web process cannot be started; returns the exit status."""
        reading, writing = os.pipe()
        for end in (reading, writing):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        manager = Supervisor()
        ready = reported_end = False
        with selectors.DefaultSelector() as selector:
            selector.register(reading, selectors.EVENT_READ)
            for child in self._children:
                selector.register(child.socket, selectors.EVENT_READ)
                child.start()
            while not (self._stopping and not any(child.alive for child in self._children)):
                self._write_state()
                wait_s = min([_TICK_S, *(child.due_s() for child in self._children)])
                for key, _ in selector.select(max(wait_s, 0.0)):
                    if key.fileobj == reading:
                        with suppress(BlockingIOError):
                            os.read(reading, 512)
                self._supervise_children()
                if not ready and self._web.ready and (self._recognition.ready or self._recognition.ended):
                    ready = True
                    manager.notify("READY=1")
                if self._stopping and not reported_end:
                    reported_end = True
                    manager.notify("STOPPING=1")
                manager.feed()
        return self._status

    def _stop(self, number: int, _: object) -> None:
        if self._stopping and number == signal.SIGINT:
            for child in self._children:
                child.kill()
        self._stopping = True

    def _supervise_children(self) -> None:
        for child in self._children:
            for message in child.messages():
                if child is self._web and message == "RESTART=recognition":
                    self._recognition.restart()
            if (status := child.collect()) is not None:
                self._on_end(child, status)
            if self._stopping:
                child.stop()
            else:
                child.start_when_due()

    def _on_end(self, child: Child, status: int) -> None:
        if self._stopping:
            if child is self._recognition and status > 0 and not self._status:
                self._status = status  # something could not be written
            return
        if child is self._web and not child.was_ready:
            self._status = status if status > 0 else 1  # its message has said why
            self._stopping = True
        elif child is self._recognition and status == NOTHING_TO_DO:
            child.rest()
        else:
            how = f"with exit status {status}" if status >= 0 else f"by signal {-status}"
            logger.warning("the {} process ended {}; it is started again", child.name, how)

    def _write_state(self) -> None:
        """Write what becomes of recognition, for the web process."""
        child = self._recognition
        state = "running" if child.ready else "starting" if child.alive else "idle" if child.resting else "waiting"
        state_now = (state, child.starts, child.status)
        if state_now == self._reported:
            return
        self._reported = state_now
        record = {
            "state": state,
            "since": datetime.now().astimezone().isoformat(timespec="milliseconds"),
            "starts": child.starts,
            "exit_status": child.status,
        }
        part = self._folder / f"{STATE_FILE}.part"
        with suppress(OSError):  # of a full disk; recognition goes on
            part.write_text(json.dumps(record), "utf-8")
            part.replace(self._folder / STATE_FILE)


def main(words: list[str]) -> int:
    """Run the service: the folder, ``--``, and the arguments of ``serve``."""
    folder = Path(words[0])
    streams.install()  # a terminal that does not read must not keep children from being started
    logger.remove()
    logger.add(sys.stderr, format="{time:HH:mm:ss} {level: <7} {message}", level="INFO")
    try:
        return Service(folder, words[2:]).run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        streams.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
