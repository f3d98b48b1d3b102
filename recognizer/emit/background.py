"""Run work that may block on a thread of its own; callers choose how long they wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_POLL_S = 0.05
"""Longest delay until a waiting caller sees ``stop``."""


class Background:
    """Run one function on a daemon thread, once for all requests that came meanwhile.

    Work that blocks for ever is abandoned: a daemon thread does not keep the process alive. An exception of
    the work is kept in ``error`` and ends the thread.

    Args:
        work: the function that may block; one call handles all waiting requests.
        name: of the thread.
    """

    def __init__(self, work: Callable[[], None], *, name: str) -> None:
        self.error: BaseException | None = None
        self._work = work
        self._changed = threading.Condition()
        self._requested = self._done = 0
        self._ending = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def request(self) -> None:
        """Request the work; returns at once. The thread starts at the first request."""
        with self._changed:
            self._requested += 1
            if self._thread.ident is None:
                self._thread.start()
            self._changed.notify_all()

    @property
    def idle(self) -> bool:
        """Whether all requests are done."""
        return self._done >= self._requested or self.error is not None

    def wait(self, patience_s: float | None, stop: threading.Event | None = None, *, stopping_s: float = 0.2) -> bool:
        """Wait until all requests are done.

        Args:
            patience_s: Longest wait; ``None`` for as long as it takes.
            stop: Once it is set, the wait ends within ``stopping_s``.
            stopping_s: See ``stop``.

        Returns:
            Whether it is done, or has failed.
        """
        deadline = float("inf") if patience_s is None else time.monotonic() + patience_s
        stopping = False
        with self._changed:
            while not self.idle:
                now = time.monotonic()
                if stop is not None and not stopping and stop.is_set():
                    stopping, deadline = True, min(deadline, now + stopping_s)
                if now >= deadline:
                    return False
                self._changed.wait(min(_POLL_S, deadline - now))
            return True

    def end(self, patience_s: float | None, stop: threading.Event | None = None, *, stopping_s: float = 0.4) -> bool:
        """End the thread after all requests; False if it was abandoned because it did not return."""
        done = self.wait(patience_s, stop, stopping_s=stopping_s)
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        if done and self._thread.ident is not None:
            self._thread.join(stopping_s)
        return done

    def _run(self) -> None:
        while True:
            with self._changed:
                while self._done >= self._requested:
                    if self._ending:
                        return
                    self._changed.wait()
                requested = self._requested
            try:
                self._work()
            except BaseException as error:
                self.error = error
            with self._changed:
                self._done = requested
                self._changed.notify_all()
            if self.error is not None:
                return
