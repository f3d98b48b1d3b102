"""The life of a live source: a named state, told once per change, and a watch over the age of its newest frame.

    open -> live <-> stalled -> lost -> backing off -> live ...        closed, from anywhere, at the end

An alive process is not an alive stream: the reader says what it did, and whoever asks for the changes, on another
thread, judges by the clock whether frames still come.
"""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable

from loguru import logger

from recognizer.types import SourceChange, SourceState


class Trouble(enum.Enum):
    """Why there are no frames, as far as it matters for what to do."""

    GONE = "gone"
    """Unreachable, ended, timed out, unplugged: try again soon."""
    REFUSED = "refused"
    """Wrong user name or password: trying often may lock the account."""
    WRONG_PLACE = "wrong place"
    """The server is there and has no such stream."""


class CameraError(Exception):
    """A camera cannot be opened, or gives no more frames; the text has no credentials."""

    def __init__(self, why: str, trouble: Trouble = Trouble.GONE) -> None:
        super().__init__(why)
        self.why = why
        self.trouble = trouble


_LOUD = frozenset({SourceState.STALLED, SourceState.LOST})


class Life:
    """The state of one source; the reader's thread and the watching one may call at any time.

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
        self._newest_at = 0.0
        self._trouble: Trouble | None = None
        self._lost_told = False
        self._changes: list[SourceChange] = []

    def opened(self) -> None:
        """The reader begins."""
        with self._lock:
            self._trouble, self._lost_told = None, False
            self._move(SourceState.OPEN)

    def frame(self, at: float) -> None:
        """A frame came at this time, s."""
        with self._lock:
            self._newest_at = at
            if self._state is not SourceState.LIVE:
                event = "source_back" if self._lost_told else None
                self._trouble, self._lost_told = None, False
                self._move(SourceState.LIVE, event=event, at=at)

    def lost(self, why: str, trouble: Trouble, again: str) -> None:
        """The reader gave up on this connection; told once for each kind of trouble until frames come again.

        Args:
            why: What went wrong.
            trouble: What kind that is.
            again: How often it will be tried again, in words.
        """
        with self._lock:
            if trouble is self._trouble:
                return
            event = None if self._lost_told else "source_lost"
            self._trouble, self._lost_told = trouble, True
            self._move(SourceState.LOST, why, event)
            self._move(SourceState.BACKING_OFF, f"trying again, {again}")

    def closed(self) -> None:
        """The reader has ended."""
        with self._lock:
            self._move(SourceState.CLOSED)

    def take_changes(self) -> list[SourceChange]:
        """Judge the age of the newest frame, then hand over what changed since the last call."""
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
        self._changes.append(SourceChange(self._source, state, self._clock() if at is None else at, why, event))
        level = "WARNING" if state in _LOUD else "INFO"
        logger.log(level, "{}: {}{}", self._source, state.value, f" ({why})" if why else "")
