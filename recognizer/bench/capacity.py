"""Which streams keep up: the age of their frames, dropped frames, lost names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recognizer.bench.stages import Row
from recognizer.bench.timing import rounded

LATE_S = 0.2
"""A stream is behind when 5 % of its frames are older than this at their label."""
MAX_DROPPED = 0.25
"""It is also behind when more than this share of its frames is dropped for newer ones: a dropped frame makes no other
frame old, so that age alone would pass any number of streams. Names that a stream lost are reported beside it."""


@dataclass(slots=True)
class StreamFigures:
    """The frames of one stream in a trial."""

    ages_s: list[float] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    dropped: int = 0

    @property
    def behind(self) -> bool:
        """Whether the stream does not keep up."""
        frames = len(self.ages_s) + self.dropped
        return not self.ages_s or float(np.percentile(self.ages_s, 95)) >= LATE_S or self.dropped > MAX_DROPPED * frames

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        ages = np.percentile(self.ages_s, (50, 95, 99)) * 1000 if self.ages_s else np.zeros(3)
        return {
            "frames": len(self.ages_s),
            "dropped": self.dropped,
            "age_ms": dict(zip(("p50", "p95", "p99"), map(rounded, ages.tolist()), strict=True)),
            "names": sorted(self.names),
            "behind": self.behind,
        }


@dataclass(frozen=True, slots=True)
class Arrival:
    """A recognised frame, at the time of its label."""

    stream: str
    index: int
    """Of the frame in its stream."""
    emitted_at: float
    """Seconds of the monotonic clock."""
    age_s: float
    """Since the frame was due."""
    names: frozenset[str]
    """Who was named in it."""


def figures_of(arrivals: Iterable[Arrival], *, settled_at: float) -> dict[str, StreamFigures]:
    """Sum up each stream.

    Args:
        arrivals: in the order in which they came.
        settled_at: frames emitted before do not count; seconds of the monotonic clock.
    """
    streams: dict[str, StreamFigures] = {}
    last: dict[str, int] = {}
    for arrival in arrivals:
        dropped = arrival.index - last.get(arrival.stream, arrival.index - 1) - 1
        last[arrival.stream] = arrival.index
        if arrival.emitted_at < settled_at:
            continue
        stream = streams.setdefault(arrival.stream, StreamFigures())
        stream.ages_s.append(arrival.age_s)
        stream.dropped += dropped
        stream.names |= arrival.names
    return streams


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """The outcome of one number of streams."""

    streams: tuple[StreamFigures, ...]
    cores: float
    """CPU cores in use on average."""
    stages: tuple[Row, ...] = ()
    """Of recognised frames; none where frames were only decoded."""

    @property
    def behind(self) -> bool:
        """Whether any stream does not keep up."""
        return any(stream.behind for stream in self.streams)

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {
            "streams": [stream.as_dict() for stream in self.streams],
            "cores": rounded(self.cores),
            "behind": self.behind,
            "stages": [row.as_dict() for row in self.stages],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Capacity:
    """How many streams keep up with recognition, and with decoding alone."""

    recognised: tuple[Trial, ...]
    """Trials of 1, 2, ... streams until one is behind, the last try of each, and of ``limit``."""
    decoded: tuple[Trial, ...]
    limit: int
    """Largest number that was tried."""

    @property
    def most_recognised(self) -> int:
        """The largest number of recognised streams that keep up."""
        return _most(self.recognised)

    @property
    def most_decoded(self) -> int:
        """The largest number of decoded streams that keep up."""
        return _most(self.decoded)

    def names_lost(self, trial: Trial) -> set[str]:
        """Return who is named with one stream, but not in every stream of this trial."""
        return {name for stream in trial.streams for name in self.recognised[0].streams[0].names - stream.names}

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {
            "limit": self.limit,
            "most_recognised": self.most_recognised,
            "most_decoded": self.most_decoded,
            "recognised": [
                {**trial.as_dict(), "names_lost": sorted(self.names_lost(trial))} for trial in self.recognised
            ],
            "decoded": [trial.as_dict() for trial in self.decoded],
        }


def _most(trials: tuple[Trial, ...]) -> int:
    behind = min((len(trial.streams) for trial in trials if trial.behind), default=np.inf)
    return max((len(trial.streams) for trial in trials if len(trial.streams) < behind), default=0)
