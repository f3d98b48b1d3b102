"""The state of a live source: reported once per change, with a watch over the age of its newest frame.

    open -> live <-> stalled -> lost -> backing off -> live ...        closed, from anywhere, at the end

A running reader is not a running stream: the reader reports what it did, and ``state_changes``, called on another
thread, checks by the clock whether frames still come.
"""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable

from loguru import logger

from recognizer.types import SourceChange, SourceState


class FailureKind(enum.Enum):
    """Why there are no frames; it decides when to try again."""

    GONE = "gone"
    """Unreachable, ended, timed out or unplugged: try again soon."""
    REFUSED = "refused"
    """Wrong user name or password: trying often may lock the account."""
    WRONG_PLACE = "wrong place"
    """The server is there and has no such stream."""
    FINISHED = "finished"
    """All of it was played: never try again."""


class CameraError(Exception):
    """A camera cannot be opened, or gives no more frames; the text has no credentials."""

    def __init__(self, why: str, failure: FailureKind = FailureKind.GONE) -> None:
        super().__init__(why)
        self.why = why
        self.failure = failure


_LOUD = frozenset({SourceState.STALLED, SourceState.LOST})


class ConnectionMonitor:
    """Tracks the state of one source; any thread may call at any time.

    Args:
        source: Display name.
        stall_s: A newest frame older than this makes a live source a stalled one.
        clock: The monotonic clock, s.
    """

    def __init__(self, source: str, *, stall_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._stall_s = stall_s
        self._clock = clock
        self._lock = threading.Lock()
        self._state = SourceState.CLOSED
        self._newest_at = self._changed_at = 0.0
        self._failure: FailureKind | None = None
        self._lost_reported = False
        self._changes: list[SourceChange] = []

    def opened(self) -> None:
        """Record that the reader begins."""
        with self._lock:
            self._failure, self._lost_reported = None, False
            self._move(SourceState.OPEN)

    def frame(self, at: float) -> None:
        """Record that a frame came.

        Args:
            at: When it was captured, s; a frame that waited long before it came is old, its source is not stalled.
        """
        with self._lock:
            self._newest_at = self._clock()
            if self._state is not SourceState.LIVE:
                event = "source_back" if self._lost_reported else None
                self._failure, self._lost_reported = None, False
                self._move(SourceState.LIVE, event=event, at=at)

    def lost(self, why: str, failure: FailureKind, again: str) -> None:
        """Record that the reader gave up on a connection; reported once per kind of failure until frames come again.

        Args:
            why: What went wrong.
            failure: What kind that is.
            again: How often it will be tried again, in words.
        """
        with self._lock:
            if failure is self._failure:
                return
            event = None if self._lost_reported else "source_lost"
            self._failure, self._lost_reported = failure, True
            self._move(SourceState.LOST, why, event)
            self._move(SourceState.BACKING_OFF, f"trying again, {again}")

    def closed(self) -> None:
        """Record that the reader has ended."""
        with self._lock:
            self._move(SourceState.CLOSED)

    def state_changes(self) -> list[SourceChange]:
        """Check the age of the newest frame, then return the changes since the last call."""
        with self._lock:
            age_s = self._clock() - self._newest_at
            if self._state is SourceState.LIVE and age_s > self._stall_s:
                self._move(SourceState.STALLED, f"no frame for {age_s:.1f} s")
            changes, self._changes = self._changes, []
            return changes

    def _move(self, state: SourceState, why: str = "", event: str | None = None, at: float | None = None) -> None:
        if state is self._state:
            return
        self._state = state
        self._changed_at = max(self._changed_at, self._clock() if at is None else at)  # in the order that they happened
        self._changes.append(SourceChange(self._source, state, self._changed_at, why, event))
        level = "WARNING" if state in _LOUD else "INFO"
        logger.log(level, "{}: {}{}", self._source, state.value, f" ({why})" if why else "")
