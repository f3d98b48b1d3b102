"""What the history keeps of a track, and how tracks are selected; without the database."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from recognizer.types import F32, U8, FaceQuality, Status

FILE_NAME = "history.sqlite3"
"""The database in a history's folder."""
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
    weight: float = 0.0
    """In the track's template; 0 where it is not part of it."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Moment:
    """The evidence of a track after one of its samples, from which the decision is made again by ``replay``."""

    at: dt.datetime
    template: F32 | None
    """(D,) of unit length; ``None`` where it is the weighted mean of the kept samples up to then."""
    weight: float
    """Sum of the weights of all samples so far."""
    usable_count: int
    nearest: str | None
    """The nearest enrolled person then; ``None`` where nobody was enrolled, or the match was rejected."""
    similarity: float
    runner_up: float
    """Cosine to the nearest other person; -1 where there was none."""
    shown_from: dt.datetime
    """The track was reported with this evidence from then on."""
    shown_until: dt.datetime
    facts: DecisionFacts
    """What it was decided by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFacts:
    """What decisions depend on beside the faces: of a run, or of a time of it."""

    thresholds: Mapping[str, float | None] = field(default_factory=dict)
    """What a name needed, by the names of ``decide.evidence.Thresholds``."""
    min_samples: int = 2
    """Samples that a name needed below the threshold ``sure``."""
    gallery: str = ""
    """Digest of who is enrolled."""
    revision: int = 0
    """0 at the start of a run; higher after gallery or thresholds changed."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TrackRecord:
    """One face, followed through one source: who it was, and how that was decided."""

    source: str
    number: int
    """``track_id`` of the run's events."""
    began: dt.datetime
    ended: dt.datetime
    at_s: float
    """Of the beginning: seconds since the camera's first frame in the run, or since the beginning of the file."""
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
    moments: tuple[Moment, ...] = ()
    """Those that decided who it is, by time."""


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
    named: bool | None = None
    """Tracks that bear a name, or those that bear none."""


class Span(NamedTuple):
    """When and where a track was, and whose it is."""

    id: int
    source: str
    began: dt.datetime
    ended: dt.datetime
    person: str | None


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
    at_s: float
    """Of the beginning: seconds since the camera's first frame in its run, or since the beginning of the file."""

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
            "at_s": round(self.at_s, 3),
        }


def short_source(source: str) -> str:
    """Return the name of a file without its folders; addresses and names of cameras stay."""
    return Path(source).name if source.startswith("/") and not source.startswith("/dev/") else source


def short_sources(sources: Iterable[str]) -> dict[str, str]:
    """Return a short name of each source; files of one name in two folders keep their folders."""
    short = {source: short_source(source) for source in sources}
    count = Counter(short.values())
    return {source: name if count[name] == 1 else source for source, name in short.items()}
