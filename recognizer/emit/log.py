"""Write events as JSON lines, one object a line, at once.

A separate thread writes: a pipe or FIFO without a reader, or a hanging disk, blocks nothing else.
"""

from __future__ import annotations

import datetime as dt
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from loguru import logger

from recognizer.clock import WallClock, now
from recognizer.emit.background import Background
from recognizer.emit.base import BaseSink
from recognizer.emit.event_json import EventRecorder, json_line
from recognizer.emit.line_file import LineFile
from recognizer.emit.places import words
from recognizer.emit.rotation import Rotation
from recognizer.types import Event, FrameResult, SourceChange

_KEPT_LINES = 1000
"""Lines held back while the disk is full; older ones are lost then, and counted."""
_RETRY_S = 1.0
_PATIENCE_S = 0.2
"""So long is a line of a live source waited for; the results before it may wait that long unharmed."""
_CLOSE_S = 1.0
_STUCK = "whoever reads the events has stopped reading"


class EventLog(BaseSink):
    """Writes events to a file or to standard output.

    Each line reaches the operating system before ``emit`` returns, in one write, so that a run killed at any moment
    leaves whole lines. A failure is logged once; lines are held back and written as soon as that works
    again, also to a new file when the old one was moved or its folder removed.

    What neither fails nor succeeds, as a pipe whose reader stopped reading: with a live source ``emit`` goes on after
    0.2 s, at most 1000 lines are held back, older ones are dropped and counted, with one log line. With files alone
    ``emit`` waits for the reader, and nothing is lost, until ``stop`` is set.

    Args:
        path: The file, or ``None`` for standard output.
        live: Names of the live sources, or True for all: ``time`` is when the frame was taken. For others it is the
            time of the run's start plus seconds into the file, so that two runs differ in nothing else.
        append: Go on with a file that exists; otherwise it is emptied.
        rotation: When the file is put aside and a new one begun.
        sync_every_s: The disk is made to hold what was written so often, against power failures; 0 after each event,
            ``None`` when the system sees fit. A killed process loses nothing either way.
        stop: Set when the run should stop: nothing is waited for then.
        clock: Gives the time of day, with its zone.
        monotonic: The clock of live frames' ``captured_at``.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        live: bool | AbstractSet[str] = False,
        append: bool = False,
        rotation: Rotation | None = None,
        sync_every_s: float | None = None,
        stop: threading.Event | None = None,
        clock: Callable[[], dt.datetime] = now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.written = 0
        """Lines that were written."""
        self.lost = 0
        """Lines that were dropped."""
        self.failed: str | None = None
        """Why writing does not work at the moment; ``None`` while it does."""
        self.closed = False
        """The reader of standard output has left, as ``head`` does; the run then ends."""
        self._file = LineFile(
            path, append=append, rotation=rotation or Rotation(), sync_every_s=sync_every_s, monotonic=monotonic
        )
        self._live = live
        self._monotonic = monotonic
        self._stop = stop or threading.Event()
        self._lock = threading.Lock()
        self._waiting: deque[bytes] = deque()
        self._background = Background(self._work, name="event log")
        self._stuck = self._last = False
        self._lost_reported = 0
        self._next_try = -math.inf
        self._recorder = EventRecorder(WallClock(live=live, clock=clock, monotonic=monotonic))

    def __enter__(self) -> Self:
        """Open.

        Raises:
            OutputError: The file cannot be written.
        """
        self._recorder.restart()
        self._background, self._stuck, self._last = Background(self._work, name="event log"), False, False
        self._file.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Try once more to write what waits, then close; a reader that does not read is waited for 1 s."""
        self._last = True
        self._background.request()
        done = self._background.end(_CLOSE_S if self._live else None, self._stop)
        with self._lock:
            self.lost += len(self._waiting) + (not done)  # one is on its way, and may arrive in part
            self._waiting.clear()
        if not done:
            self.failed = self.failed or _STUCK
        if self.lost:
            logger.error("event log: {} events were lost ({})", self.lost, self.failed or "they could not be written")
        if done:
            self._file.close()

    def emit(self, result: FrameResult) -> None:
        """Write the frame's events."""
        self._recorder.begin(result.frame)
        self._write_events(result.events)
        if not result.events and (self._waiting or self._file.sync_due()):
            self._flush()

    def on_end(self, source: str, events: tuple[Event, ...]) -> None:
        """Write the lost events of the source's tracks."""
        self._write_events(events)

    def on_source_state(self, change: SourceChange) -> None:
        """Write that a source was lost, or is back."""
        if (recorded := self._recorder.of_change(change)) is not None:
            self.write(recorded[1])

    def write(self, record: Mapping[str, Any]) -> None:
        """Write one JSON object as a line; also for records other than faces' events."""
        with self._lock:
            self._waiting.append(json_line(record))
            if len(self._waiting) > _KEPT_LINES:
                self._waiting.popleft()
                self.lost += 1
        self._flush()

    def _flush(self) -> None:
        """Write the queued lines; wait for that, for a live source at most 0.2 s, and log a block once."""
        if self._stuck and not self._background.idle:
            return
        self._stuck = False
        self._background.request()
        if self._background.wait(_PATIENCE_S if self._live else None, self._stop):
            return
        self._stuck = True
        self.failed = self.failed or _STUCK
        if self._live:
            logger.error("event log: {} is stuck ({}); recognition goes on", self._file.name, _STUCK)

    def _work(self) -> None:
        """What may block; runs on the log's own thread."""
        self._drain(last=self._last)
        self._file.sync(now=self._last)

    def _write_events(self, events: tuple[Event, ...]) -> None:
        for event in events:
            self.write(self._recorder.of_event(event)[1])

    def _drain(self, *, last: bool = False) -> None:
        """Write the queued lines; log when that fails, and when it works again."""
        if not self._waiting or (self.failed and not last and self._monotonic() < self._next_try):
            return
        try:
            while (line := self._take()) is not None:
                try:
                    self._file.write(line)
                except BaseException:
                    with self._lock:
                        self._waiting.appendleft(line)
                    raise
                self.written += 1
        except (OSError, ValueError) as error:
            if isinstance(error, BrokenPipeError) and self._file.is_standard_output:
                self._waiting.clear()
                self.closed = True
                return
            self._next_try = self._monotonic() + _RETRY_S
            if self.failed is None:
                logger.error("event log: {} cannot be written ({}); recognition goes on", self._file.name, words(error))
            self.failed = words(error)
            return
        if self.failed is not None and not self.closed:
            missing = self.lost - self._lost_reported
            logger.info("event log: writing to {} again, {} events lost meanwhile", self._file.name, missing)
            self.failed, self._lost_reported = None, self.lost

    def _take(self) -> bytes | None:
        with self._lock:
            return self._waiting.popleft() if self._waiting else None
