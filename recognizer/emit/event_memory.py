"""The newest events, kept for readers that follow them, and may come back after a pause."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import deque
from collections.abc import Set as AbstractSet
from itertools import count
from typing import Any

from recognizer.clock import WallClock
from recognizer.emit.base import BaseSink
from recognizer.emit.event_json import EventRecorder, Record
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
        self._recorder = EventRecorder(times or WallClock(live=live))
        self._events: deque[dict[str, Any]] = deque(maxlen=kept)
        self._numbers = count()
        self._changed = threading.Condition()

    def emit(self, result: FrameResult) -> None:
        """Keep the events of a result."""
        self._recorder.begin(result.frame)
        self._keep(result.events)

    def on_end(self, source: str, events: tuple[Event, ...]) -> None:
        """Keep the events of a source's end."""
        self._keep(events)

    def on_source_state(self, change: SourceChange) -> None:
        """Keep a loss or a return; other changes of state are no events."""
        if (recorded := self._recorder.of_change(change)) is not None:
            moment, record = recorded
            self._add(moment, {**record, "at_s": max(0.0, record["at_s"])})

    def _keep(self, events: tuple[Event, ...]) -> None:
        for event in events:
            self._add(*self._recorder.of_event(event))

    def _add(self, moment: dt.datetime, record: Record) -> None:
        time_us = round(moment.timestamp() * 1e6)
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
