"""Queues between threads: frames from the sources to the caller, results from the caller to the sinks."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from recognizer.types import Event, Frame, FrameResult, SourceChange

FRAMES_WAITING = 4
"""Frames of a file that are read ahead; each is a whole picture."""
LIVE_FRAMES_WAITING = 4
"""Frames of a camera: a short stall costs none."""
LATE_S = 0.12
"""A live frame that has waited for longer is dropped for the newest one."""
RESULTS_WAITING = 8
GIVE_UP_S = 0.5
"""After ``stop``, the longest wait for blocked sinks."""
_POLL_S = 0.05


class Inbox:
    """Queue the frames of several sources for the caller.

    Args:
        live: for each source, whether it is live: a newer frame then replaces an old one, which is dropped and counted.
    """

    def __init__(self, live: Sequence[bool]) -> None:
        self._live = list(live)
        self._waiting: list[deque[Frame]] = [deque() for _ in live]
        self._open = set(range(len(live)))
        self._abandoned = False
        self._error: BaseException | None = None
        self._ended: list[tuple[int, BaseException | None]] = []
        self._behind = [False] * len(live)
        """For each source, whether more than one frame waited when one was taken last."""
        self._served = [0] * len(live)
        """For each source, when it was served last: a count of frames."""
        self._changed = threading.Condition()
        self.dropped = [0] * len(live)
        """Frames of each source that a newer one replaced."""

    def add(self, *, live: bool) -> int:
        """Take frames of another source; return its number."""
        with self._changed:
            number = len(self._live)
            self._live.append(live)
            self._waiting.append(deque())
            self._behind.append(False)
            self._served.append(0)
            self.dropped.append(0)
            self._open.add(number)
            return number

    def put(self, source: int, frame: Frame) -> bool:
        """Enqueue a frame; a file's waits for room. False: the run has ended."""
        with self._changed:
            waiting = self._waiting[source]
            if self._live[source] and len(waiting) >= LIVE_FRAMES_WAITING and not self._abandoned:
                self.dropped[source] += 1
                waiting.popleft()
            while len(waiting) >= FRAMES_WAITING and not self._abandoned:
                self._changed.wait()
            if not self._abandoned:
                waiting.append(frame)
            self._changed.notify_all()
            return not self._abandoned

    def finish(self, source: int, error: BaseException | None = None) -> None:
        """No more frames of this source."""
        with self._changed:
            self._open.discard(source)
            self._error = self._error or error
            self._ended.append((source, error))
            self._changed.notify_all()

    def more(self) -> bool:
        """Frames wait or may come.

        Raises:
            BaseException: the first failure of a source, when all frames are used up.
        """
        with self._changed:
            more = bool(self._open) or any(self._waiting)
            if not more and self._error is not None:
                raise self._error
            return more

    def take(self, timeout_s: float) -> Frame | None:
        """The next frame of the source that was served least recently; ``None`` when none came in time."""
        with self._changed:
            if not any(self._waiting) and self._open:
                self._changed.wait(timeout_s)
            turns = [(self._served[source], source) for source, waiting in enumerate(self._waiting) if waiting]
            frame = self._next(min(turns)[1]) if turns else None
            self._changed.notify_all()
            return frame

    def _next(self, source: int) -> Frame:
        """The oldest frame that waits, or the newest if that of a camera is late."""
        waiting = self._waiting[source]
        self._served[source] = max(self._served) + 1
        self._behind[source] = self._live[source] and len(waiting) > 1
        if self._behind[source] and time.monotonic() - waiting[0].captured_at > LATE_S:
            self.dropped[source] += len(waiting) - 1
            newest = waiting.pop()
            waiting.clear()
            return newest
        return waiting.popleft()

    @property
    def backlogged(self) -> bool:
        """Frames of some camera wait behind others."""
        return any(self._behind)

    @property
    def open(self) -> bool:
        """Some source has not ended."""
        return bool(self._open)

    @property
    def files_open(self) -> bool:
        """Some source that is no camera has not ended, or its frames still wait."""
        files = [source for source, live in enumerate(self._live) if not live]
        return any(source in self._open or self._waiting[source] for source in files)

    def take_ended(self) -> list[tuple[int, BaseException | None]]:
        """Return the sources that ended and whose frames are used up, each once, with its failure."""
        with self._changed:
            ended = [(source, error) for source, error in self._ended if not self._waiting[source]]
            self._ended = [(source, error) for source, error in self._ended if self._waiting[source]]
            return ended

    def abandon(self) -> None:
        """Discard frames from now on; blocked ``put`` calls return."""
        with self._changed:
            self._abandoned = True
            self._changed.notify_all()


@dataclass(frozen=True, slots=True)
class SourceEnd:
    """A source has ended, or its connection was lost."""

    source: str
    events: tuple[Event, ...]
    """The lost events of its tracks."""


SinkMessage = FrameResult | SourceChange | SourceEnd


class Outbox:
    """Queue messages for the sinks; ``put`` blocks while it is full.

    Args:
        stop: Once it is set, ``put`` waits ``GIVE_UP_S`` for hanging sinks; then messages are dropped and counted.
    """

    def __init__(self, stop: threading.Event | None = None) -> None:
        self.dropped = 0
        """Messages that were dropped."""
        self._stop = stop or threading.Event()
        self._give_up_at: float | None = None
        self._waiting: deque[SinkMessage] = deque()
        self._closed = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()

    def put(self, message: SinkMessage) -> None:
        """Enqueue a message; raises what a sink raised."""
        with self._changed:
            while len(self._waiting) >= RESULTS_WAITING and self._error is None:
                if self._given_up():
                    self.dropped += 1
                    return
                self._changed.wait(_POLL_S)
            if self._error is not None:
                raise self._error
            self._waiting.append(message)
            self._changed.notify_all()

    def _given_up(self) -> bool:
        if self._give_up_at is None and self._stop.is_set():
            self._give_up_at = time.monotonic() + GIVE_UP_S
        return self._give_up_at is not None and time.monotonic() >= self._give_up_at

    def take(self) -> SinkMessage | None:
        """The next result; ``None`` when there will be no more."""
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            message = self._waiting.popleft() if self._waiting else None
            self._changed.notify_all()
            return message

    def close(self) -> None:
        """No more results."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def fail(self, error: BaseException) -> None:
        """A sink raised: give up."""
        with self._changed:
            self._error = error
            self._waiting.clear()
            self._changed.notify_all()

    @property
    def full(self) -> bool:
        """The sinks are behind: ``put`` would wait."""
        return len(self._waiting) >= RESULTS_WAITING

    @property
    def failed(self) -> bool:
        """A sink raised."""
        return self._error is not None

    def check(self) -> None:
        """Raise what a sink raised."""
        if self._error is not None:
            raise self._error
