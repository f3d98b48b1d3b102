"""The events of a track."""

from __future__ import annotations

from recognizer.decide.evidence import Evidence
from recognizer.types import Event, EventKind


def track_event(kind: EventKind, number: int, evidence: Evidence, at: float, source: str) -> Event:
    """Report what happened to a track, as its evidence stands; ``at`` in seconds."""
    x1, y1, x2, y2 = (float(value) for value in evidence.box)
    return Event(
        kind=kind,
        track_id=number,
        name=evidence.name,
        similarity=evidence.similarity,
        margin=evidence.margin,
        at=at,
        source=source,
        box=(x1, y1, x2, y2),
    )
