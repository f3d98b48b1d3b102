"""The JSON objects and lines of the event log."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from typing import Any

from recognizer.types import Event, SourceChange


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
