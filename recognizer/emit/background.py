"""A thread that does what may block, so that whoever asks for it waits only as long as it likes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_POLL_S = 0.05
"""How soon a waiting caller sees that it was asked to stop."""


class Background:
    """Runs one piece of work on a daemon thread, once for any number of requests that came meanwhile.

    Work that blocks for ever is left behind: a daemon thread does not keep the process alive. What the work raises is
    kept in ``error`` and ends the thread.

    Args:
        work: What may block; takes all that waits.
        name: The thread's.
    """

    def __init__(self, work: Callable[[], None], *, name: str) -> None:
        self.error: BaseException | None = None
        self._work = work
        self._changed = threading.Condition()
        self._asked = self._done = 0
        self._ending = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def ask(self) -> None:
        """Ask for the work; returns at once. The thread starts at the first request."""
        with self._changed:
            self._asked += 1
            if self._thread.ident is None:
                self._thread.start()
            self._changed.notify_all()

    @property
    def idle(self) -> bool:
        """Everything that was asked for is done."""
        return self._done >= self._asked or self.error is not None

    def wait(self, patience_s: float | None, stop: threading.Event | None = None, *, stopping_s: float = 0.2) -> bool:
        """Wait until everything that was asked for is done.

        Args:
            patience_s: Longest wait; ``None`` for as long as it takes.
            stop: Once it is set, the wait ends within ``stopping_s``.
            stopping_s: See ``stop``.

        Returns:
            Whether it is done, or has failed.
        """
        deadline = float("inf") if patience_s is None else time.monotonic() + patience_s
        asked_to_stop = False
        with self._changed:
            while not self.idle:
                now = time.monotonic()
                if stop is not None and not asked_to_stop and stop.is_set():
                    asked_to_stop, deadline = True, min(deadline, now + stopping_s)
                if now >= deadline:
                    return False
                self._changed.wait(min(_POLL_S, deadline - now))
            return True

    def end(self, patience_s: float | None, stop: threading.Event | None = None, *, stopping_s: float = 0.4) -> bool:
        """Let the thread end after what was asked for; False when it was left behind, still at work."""
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
                while self._done >= self._asked:
                    if self._ending:
                        return
                    self._changed.wait()
                asked = self._asked
            try:
                self._work()
            except BaseException as error:
                self.error = error
            with self._changed:
                self._done = asked
                self._changed.notify_all()
            if self.error is not None:
                return
