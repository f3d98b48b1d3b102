"""One worker, seen from the pool: its process, its link, and what it said last."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from recognizer.children import clean_environment, python_command
from recognizer.runtime.workers import messages
from recognizer.runtime.workers.link import Link
from recognizer.runtime.workers.pictures import PictureReader, make_file


class WorkerProcess:
    """A worker's process; started at once.

    Args:
        plan: see ``worker.Plan``.
        start: what it begins with.
        on_message: takes what it says, in order, on a thread of its own; then ``None``, once it has ended.
        state: the gallery's state, where it has changed since the run began.
    """

    def __init__(
        self,
        plan: object,
        start: messages.Start,
        on_message: Callable[[WorkerProcess, Any], None],
        state: messages.GalleryState | None,
    ) -> None:
        self.started_at = time.monotonic()
        self.is_ready = False
        self.beat_at: float | None = None
        """When its recognising thread gave the last sign of life."""
        self._cpu_s = 0.0
        self.killed = False
        self.memory_bytes = 0
        self.dropped: dict[str, int] = {}
        self.finished: messages.Finished | None = None
        self.gone = False
        """The process has ended, and all that it said was taken."""
        self._on_message = on_message
        self._outgoing: SimpleQueue[object] = SimpleQueue()
        file = make_file()
        self.pictures = PictureReader(file)
        ours, theirs = socket.socketpair()
        with theirs:
            command = python_command("-m", "recognizer.runtime.workers.child", str(theirs.fileno()), str(file.fileno()))
            self.process = subprocess.Popen(  # noqa: S603 - ourselves
                command,
                stdin=subprocess.DEVNULL,
                env=clean_environment(),
                pass_fds=(theirs.fileno(), file.fileno()),
                process_group=0,
            )
        self._link = Link(ours.detach())
        for first in (plan, start, state):
            if first is not None:
                self.send(first)
        for work in (self._send, self._receive):
            threading.Thread(target=work, name=f"worker {self.process.pid}", daemon=True).start()

    @property
    def cpu_s(self) -> float:
        """Processor time that it has spent, s; 0 where the system does not say."""
        return _cpu_s(self.process.pid)

    def send(self, message: object) -> None:
        """Send a message soon; never waits."""
        self._outgoing.put(message)

    def take_beat(self, memory_bytes: int, dropped: Mapping[str, int]) -> None:
        """Note a sign of life."""
        self.beat_at = time.monotonic()
        self.memory_bytes, self.dropped = memory_bytes, dict(dropped)
        self._cpu_s = _cpu_s(self.process.pid)

    def excuse(self, now: float) -> None:
        """Count its silence from now on."""
        if self.beat_at is not None:
            self.beat_at, self._cpu_s = now, self.cpu_s

    def is_starved(self) -> bool:
        """Whether it wants to run, and the machine gave it less than half of the time since its last sign of life."""
        cpu_s = _cpu_s(self.process.pid)
        since = self.beat_at or self.started_at
        return _wants_to_run(self.process.pid) and cpu_s - self._cpu_s < (time.monotonic() - since) / 2

    def kill(self) -> None:
        """End the process at once."""
        self.killed = True
        with suppress(ProcessLookupError):
            self.process.kill()

    def _send(self) -> None:
        while (message := self._outgoing.get()) is not None and self._link.send(message):
            pass

    def _receive(self) -> None:
        try:
            while (message := self._link.receive()) is not None:
                self._on_message(self, message)
        finally:  # also where a message could not be read
            self.process.kill()
            self.process.wait()
            self._outgoing.put(None)
            self._link.close()
            self.pictures.close()
            self._on_message(self, None)


def _stat(path: Path) -> list[str]:
    """Fields of proc(5)'s ``stat`` from the state on; none where there is no such process, or no proc."""
    try:
        return path.read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return []


def _cpu_s(pid: int) -> float:
    fields = _stat(Path(f"/proc/{pid}/stat"))
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def _wants_to_run(pid: int) -> bool:
    """Whether any thread is running, or waits for a processor or a disk."""
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return any(fields[0] in "RD" for fields in map(_stat, threads) if fields)
