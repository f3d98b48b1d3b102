"""What the history keeps of a track, and how tracks are selected; without the database."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from recognizer.types import F32, U8, FaceQuality, Status

SAMPLES = 5
"""Samples kept of a track."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One embedded face of a track."""

    at: dt.datetime
    vector: F32
    """(D,) of unit length."""
    quality: FaceQuality
    """One row."""
    crop: U8 | None = None
    """(H, W, 3) BGR of the face with some surroundings, if crops are kept."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TrackRecord:
    """One face, followed through one source: who it was, and how that was decided."""

    source: str
    number: int
    """``track_id`` of the run's events."""
    began: dt.datetime
    ended: dt.datetime
    at_s: float
    """Of the beginning, seconds in the source's own time."""
    status: Status
    person: str | None
    nearest: str | None
    """The nearest enrolled person, whether named or not; ``None`` before the first sample."""
    similarity: float
    """Cosine of the template to the nearest person."""
    margin: float
    reasons: tuple[str, ...]
    frames: int
    """In which the track was reported."""
    samples: tuple[Sample, ...]
    """At most ``SAMPLES``, the best first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which tracks; ``None`` does not restrict."""

    person: str | None = None
    source: str | None = None
    since: dt.datetime | None = None
    """Tracks that ended at this time or later."""
    until: dt.datetime | None = None
    """Tracks that began before this time."""
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A track of the history."""

    id: int
    source: str
    began: dt.datetime
    ended: dt.datetime
    status: str
    """known, unknown or undecided; "named later" when a person gave the name afterwards."""
    person: str | None
    nearest: str | None
    similarity: float
    margin: float
    reasons: tuple[str, ...]
    frames: int

    def as_dict(self) -> dict[str, Any]:
        """Return the fields for JSON; times as ISO 8601 with their zone."""
        return {
            "id": self.id,
            "source": self.source,
            "began": self.began.isoformat(timespec="milliseconds"),
            "ended": self.ended.isoformat(timespec="milliseconds"),
            "status": self.status,
            "person": self.person,
            "nearest": self.nearest,
            "similarity": round(self.similarity, 4),
            "margin": round(self.margin, 4),
            "reasons": list(self.reasons),
            "frames": self.frames,
        }
