"""The newest events, kept for readers that follow them, and may come back after a pause."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Set as AbstractSet
from itertools import count
from typing import Any

from recognizer.clock import WallClock
from recognizer.emit.base import BaseSink
from recognizer.emit.event_json import event_record, source_record
from recognizer.types import Event, FrameResult, SourceChange

KEPT_EVENTS = 1000
"""About 500 bytes each; a busy entrance makes so many in half an hour."""


class EventMemory(BaseSink):
    """Keeps the newest events as the JSON objects of the event log, each with an ``id``.

    An id is the time of the event in microseconds since 1970, and a number. Ids of one source of events grow.

    Args:
        live: names of the live sources; see ``WallClock``.
        kept: events that are kept.
        times: gives times of day.
    """

    def __init__(self, *, live: AbstractSet[str], kept: int = KEPT_EVENTS, times: WallClock | None = None) -> None:
        self._times = times or WallClock(live=live)
        self._events: deque[dict[str, Any]] = deque(maxlen=kept)
        self._numbers = count()
        self._origins: dict[str, float] = {}
        self._changed = threading.Condition()

    def emit(self, result: FrameResult) -> None:
        """Keep the events of a result."""
        frame = result.frame
        if frame.source not in self._origins:
            self._origins[frame.source] = frame.captured_at if self._times.is_live(frame.source) else 0.0
        self._keep(result.events)

    def on_end(self, source: str, events: tuple[Event, ...]) -> None:
        """Keep the events of a source's end."""
        self._keep(events)

    def on_source_state(self, change: SourceChange) -> None:
        """Keep a loss or a return; other changes of state are no events."""
        if change.event is None:
            return
        at_s = max(0.0, change.at - self._origins.setdefault(change.source, change.at))
        moment = self._times.live_moment(change.at)
        self._add(source_record(change, moment=moment, at_s=at_s), round(moment.timestamp() * 1e6))

    def _keep(self, events: tuple[Event, ...]) -> None:
        for event in events:
            moment = self._times.moment(event.source, event.at)
            record = event_record(event, moment=moment, at_s=event.at - self._origins.get(event.source, 0.0))
            self._add(record, round(moment.timestamp() * 1e6))

    def _add(self, record: dict[str, Any], time_us: int) -> None:
        with self._changed:
            self._events.append({"id": f"{time_us}-{next(self._numbers)}", **record})
            self._changed.notify_all()

    def after(self, event_id: str | None, *, wait_s: float = 0.0) -> list[dict[str, Any]]:
        """Return the events after one of them, the oldest first; all that are kept where that one is not.

        Args:
            event_id: id of the newest event that the reader has; ``None``: it has none.
            wait_s: longest wait for the first event, s.
        """
        deadline = time.monotonic() + wait_s
        with self._changed:
            while not (found := self._after(event_id)) and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            return found

    def _after(self, event_id: str | None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for event in reversed(self._events):
            if event["id"] == event_id:
                break
            found.append(event)
        return found[::-1]
