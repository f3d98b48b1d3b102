"""Keep a run's box in step with its fleet, in a process of its own that gives way to recognition.

A program that is started so reads the settings and the model's fingerprint from standard input; it ends when that
closes, however its parent ended.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from loguru import logger

from recognizer.app.config import Settings
from recognizer.app.fleet.membership import is_box
from recognizer.children import clean_environment, protect_this_process, python_command
from recognizer.runtime.parent import end_with_parent

_LEAVES_S, _AGAIN_S, _TICK_S = 1.0, 30.0, 0.2
_NICENESS = 15
"""Less than the web process has: nobody waits for this one."""


@contextmanager
def keep_in_step(settings: Settings, model: str | None = None) -> Iterator[None]:
    """Pull and push in another process while the block runs; does nothing where this machine is no box.

    Args:
        settings: of this box.
        model: fingerprint of the model in use; ``None``: the other process resolves it.
    """
    if not is_box(settings.fleet_folder):
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=_supervise, args=(pickle.dumps((settings, model)), stop), name="fleet")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _supervise(request: bytes, stop: threading.Event) -> None:
    """Start the process, and again some time after it ended."""
    command = python_command("-m", "recognizer.app.fleet.following")
    while not stop.is_set():
        with subprocess.Popen(  # noqa: S603 - ourselves
            command, stdin=subprocess.PIPE, env=clean_environment(), process_group=0
        ) as process:
            with suppress(BrokenPipeError):
                if process.stdin is not None:
                    process.stdin.write(request)
                    process.stdin.flush()
                while not stop.wait(_TICK_S) and process.poll() is None:
                    pass
            process.terminate()
            try:
                process.wait(_LEAVES_S)
            except subprocess.TimeoutExpired:
                process.kill()
        if not stop.is_set():
            logger.warning("fleet: the process that pulls and pushes ended; it is started again")
            stop.wait(_AGAIN_S)


def main() -> int:
    """Follow until the parent ends."""
    protect_this_process()
    logger.remove()
    logger.add(sys.stderr, format="{time:HH:mm:ss} {level: <7} {message}", level="INFO")
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    settings, model = pickle.load(sys.stdin.buffer)  # noqa: S301 - of our parent, through a pipe of its own
    end_with_parent()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    from recognizer.app.fleet.syncing import follow  # SQLAlchemy and httpx

    if model is None:
        from recognizer.app import build

        model = build.model(settings).fingerprint
    follow(settings, model=model, stop=stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
