"""The JSON objects and lines of the event log."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from typing import Any

from recognizer.clock import WallClock
from recognizer.types import Event, Frame, SourceChange

Record = dict[str, Any]


class EventRecorder:
    """Makes the JSON objects of a run's events, with the time of day and the time in the source.

    Args:
        times: gives times of day, and which sources are live.
    """

    def __init__(self, times: WallClock) -> None:
        self._times = times
        self._origins: dict[str, float] = {}
        """When each source began, s: its first frame or first loss; 0 for files."""

    def restart(self) -> None:
        """Begin a new run."""
        self._times.restart()
        self._origins = {}

    def begin(self, frame: Frame) -> None:
        """Note a frame: the first one of a live source is the origin of its times."""
        if frame.source not in self._origins:
            self._origins[frame.source] = frame.captured_at if self._times.is_live(frame.source) else 0.0

    def of_event(self, event: Event) -> tuple[dt.datetime, Record]:
        """Return the time of day of a face's event, and its JSON object."""
        at_s = event.at - self._origins.get(event.source, 0.0)
        moment = self._times.moment(event.source, event.at if self._times.is_live(event.source) else at_s)
        return moment, event_record(event, moment=moment, at_s=at_s)

    def of_change(self, change: SourceChange) -> tuple[dt.datetime, Record] | None:
        """Return the same of a loss or a return; ``None``: other changes of state are no events."""
        if change.event is None:
            return None
        origin = self._origins.setdefault(change.source, change.at)
        moment = self._times.live_moment(change.at)
        return moment, source_record(change, moment=moment, at_s=change.at - origin)


def event_record(event: Event, *, moment: dt.datetime, at_s: float) -> dict[str, Any]:
    """Describe an event of a face; ``moment`` is its time of day, ``at_s`` its time in the source, s."""
    return {
        "time": moment.isoformat(timespec="milliseconds"),
        "at_s": round(at_s, 3),
        "source": event.source,
        "kind": event.kind.value,
        "track_id": int(event.track_id),
        "name": event.name,
        "similarity": _rounded(event.similarity, 4),
        "margin": _rounded(event.margin, 4),
        "reasons": list(event.reasons),
        "box": [_rounded(side, 1) for side in event.box],
    }


def source_record(change: SourceChange, *, moment: dt.datetime, at_s: float) -> dict[str, Any]:
    """Describe a lost or recovered source; ``moment`` is the time of day, ``at_s`` the time in the source, s."""
    return {
        "time": moment.isoformat(timespec="milliseconds"),
        "at_s": round(at_s, 3),
        "source": change.source,
        "kind": change.event,
        "reasons": [change.why] if change.why else [],
    }


def json_line(record: Mapping[str, Any]) -> bytes:
    """Encode an object as one UTF-8 line."""
    try:
        return (json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n").encode()
    except UnicodeEncodeError:  # half of a surrogate pair, from a file name that is no UTF-8
        return (json.dumps(record, allow_nan=False) + "\n").encode()


def _rounded(value: float, digits: int) -> float | None:
    value = float(value)
    return round(value, digits) + 0.0 if math.isfinite(value) else None
