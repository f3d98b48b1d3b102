"""End a run within two seconds of SIGTERM, SIGINT or SIGHUP, in every state.

    before anything was begun   the process ends at once (`end_at_once`)
    starting                    ``Stopped`` is raised in the main thread: what was begun is closed on the way out
    running                     an event is set; the run closes its files
    hanging                     a thread that waits for this ends the process

The documented exit status of all but the last is 0.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self

from recognizer.errors import OutputError
from recognizer.runtime import streams

SIGNALS = tuple(
    number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None
)
_STARTING_S = 1.5
"""A start that hangs in a library for so long is ended; it has opened nothing that must be closed."""
_IDLE_S = 1.8
"""A run that has not ended by then and uses no CPU time hangs; it is ended."""
_BUSY_S = 10.0
"""A run that uses CPU time is closing its files, which may take more than two seconds on a slow machine."""
_BUSY_SHARE = 0.1
"""Share of a core from which a process computes."""
_SAMPLE_S = 0.3


class Stopped(SystemExit):
    """Raised in the main thread by a signal that comes during the start."""

    def __init__(self) -> None:
        super().__init__(0)


def _heeded() -> list[int]:
    """The signals to handle: nohup's SIGHUP stays ignored."""
    return [n for n in SIGNALS if n != getattr(signal, "SIGHUP", None) or signal.getsignal(n) != signal.SIG_IGN]


def end_at_once() -> None:
    """Let each of the signals end the process with status 0, as long as nothing was begun."""
    for number in _heeded():
        signal.signal(number, lambda *_: os._exit(0))


class StopSignals:
    """Handles the signals while open, in the main thread; elsewhere it does nothing."""

    def __init__(self) -> None:
        self.requested = threading.Event()
        """Set by the first signal."""
        self._running = False
        self._before: dict[int, Any] = {}
        self._over = threading.Event()
        self._pipe: tuple[int, int] | None = None
        self._wakeup_before = -1

    def __enter__(self) -> Self:
        """Start handling; signals raise ``Stopped`` until ``running``."""
        if threading.current_thread() is not threading.main_thread():
            return self
        self._pipe = os.pipe()
        for end in self._pipe:
            os.set_blocking(end, False)
        self._wakeup_before = signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
        threading.Thread(target=self._watch, args=(self._pipe[0],), name="stop", daemon=True).start()
        self._before = {number: signal.signal(number, self._handle) for number in _heeded()}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore the earlier handlers."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._over.set()
        if self._pipe is not None:
            signal.set_wakeup_fd(self._wakeup_before)
            os.close(self._pipe[1])  # the watching thread closes the other end

    def running(self) -> None:
        """Make signals set ``requested``, which the run checks, instead of raising ``Stopped``.

        Raises:
            Stopped: if a signal came before, and its exception was swallowed.
        """
        if self.requested.is_set():
            raise Stopped
        self._running = True

    def _handle(self, number: int, _: FrameType | None) -> None:
        again = self.requested.is_set()
        self.requested.set()
        streams.hurry.set()
        if self._running and again and number == signal.SIGINT:
            raise KeyboardInterrupt
        if not self._running and not again:
            raise Stopped

    def _watch(self, pipe: int) -> None:
        """End the process if a signal's handler did not: Python runs it only between two steps of the main thread."""
        try:
            if not self._wait_for_a_signal(pipe):
                return
            began, cpu_s = time.monotonic(), time.process_time()
            while not self._over.wait(_SAMPLE_S):
                before, cpu_s = cpu_s, time.process_time()
                took_s = time.monotonic() - began + _SAMPLE_S
                busy = cpu_s - before > _BUSY_SHARE * _SAMPLE_S
                if not self._running and took_s > _STARTING_S:
                    os._exit(0)
                if self._running and took_s > (_BUSY_S if busy else _IDLE_S):
                    os._exit(OutputError.exit_code)
        finally:
            os.close(pipe)

    def _wait_for_a_signal(self, pipe: int) -> bool:
        while not self._over.is_set():
            ready = select.poll()
            ready.register(pipe, select.POLLIN)
            ready.poll()
            came = os.read(pipe, 64)
            if not came:
                return False
            if any(number in self._before for number in came):
                return True
        return False
