"""The score of a clip: coverage, wrong names, identity switches and time to the name, with their intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from recognizer.calibration import intervals
from recognizer.evaluation.truth import Appearance


@dataclass(frozen=True, slots=True)
class WrongName:
    """A track that had a wrong name for a while."""

    track_id: int
    name: str
    who: str | None
    """Who it was; ``None`` where the truth has nobody."""
    from_s: float
    seconds: float


@dataclass(frozen=True, slots=True)
class AppearanceScore:
    """How one entry of the truth was recognised."""

    face: Appearance
    enrolled: bool
    present_s: float
    """In processed frames."""
    named_s: float
    """Of that, correctly named."""
    wait_s: float | None
    """Time to the correct name; ``None``: never."""


@dataclass(frozen=True, slots=True)
class TrackScore:
    """A reported track that lasted long enough to count."""

    track_id: int
    who: str | None
    """By the truth, most of the time; ``None`` where it has nobody."""
    enrolled: bool
    names: frozenset[str]
    """All names it had."""
    seconds: float


@dataclass(frozen=True, slots=True)
class NamedSpan:
    """A time during which a track had a name."""

    track_id: int
    name: str
    correct: bool
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class VideoScore:
    """How well a clip was recognised."""

    counted_s: float
    """Face-time of enrolled people that counts."""
    named_s: float
    """Of that, correctly named."""
    all_s: float
    """Face-time of enrolled people, with the appearances that need not be named."""
    all_named_s: float
    reported_s: float
    """Face-time of all reported tracks."""
    wrong: tuple[WrongName, ...]
    mated_tracks: int
    """Tracks of enrolled people."""
    mated_named: int
    """Of those, tracks with the correct name and no other."""
    non_mated_tracks: int
    """Tracks of strangers and false detections."""
    non_mated_named: int
    tracks: int
    switches: int
    """How often a face that stayed in view got another track number, the old track being gone."""
    waits_s: tuple[float | None, ...]
    """Time to the correct name of each counted appearance; ``None``: never."""
    appearances: tuple[AppearanceScore, ...]
    """One for each entry of the truth."""
    track_scores: tuple[TrackScore, ...]
    spans: tuple[NamedSpan, ...]

    @property
    def coverage(self) -> float:
        """Correctly named share of the counted face-time."""
        return self.named_s / self.counted_s if self.counted_s else 0.0

    def people(self) -> dict[str, dict[str, Any]]:
        """Sum up each enrolled person of the truth, in its order."""
        found: dict[str, dict[str, Any]] = {}
        for name in dict.fromkeys(score.face.who for score in self.appearances if score.enrolled):
            mine = [score for score in self.appearances if score.face.who == name]
            counted = [score for score in mine if score.face.counts]
            seconds = sum(score.present_s for score in counted)
            named_s = sum(min(score.named_s, score.present_s) for score in counted)
            waits = [score.wait_s for score in counted]
            named = [wait for wait in waits if wait is not None]
            found[name] = {
                "appearances": len(mine),
                "counted_s": round(seconds, 2),
                "named_s": round(named_s, 2),
                "coverage": round(named_s / seconds, 4) if seconds else None,
                "time_to_name_s": round(float(np.median(named)), 3) if named else None,
                "never_named": sum(wait is None for wait in waits),
                "called_wrongly": sum(wrong.who == name for wrong in self.wrong),
                "given_to_others": sum(wrong.name == name for wrong in self.wrong),
            }
        return found

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values; rates with their 95 % intervals."""
        hours = self.reported_s / 3600
        low, high = intervals.poisson_interval(len(self.wrong))
        wrong_tracks = len({wrong.track_id for wrong in self.wrong})
        named = [wait for wait in self.waits_s if wait is not None]
        return {
            "coverage": round(self.coverage, 4) if self.counted_s else None,
            "coverage_of_all": round(self.all_named_s / self.all_s, 4) if self.all_s else None,
            "counted_face_s": round(self.counted_s, 2),
            "reported_face_s": round(self.reported_s, 2),
            "wrong_names": len(self.wrong),
            "wrong_names_per_face_hour": {
                "rate": round(len(self.wrong) / hours, 3) if hours else None,
                "interval_95": [round(low / hours, 3), round(high / hours, 3)] if hours else None,
            },
            "wrong_names_per_track": _share(wrong_tracks, self.tracks),
            "tpir": _share(self.mated_named, self.mated_tracks),
            "fpir": _share(self.non_mated_named, self.non_mated_tracks),
            "identity_switches": self.switches,
            "time_to_name_s": {
                "median": round(float(np.median(named)), 3) if named else None,
                "largest": round(max(named), 3) if named else None,
                "never": sum(wait is None for wait in self.waits_s),
            },
            "people": self.people(),
            "wrong": [
                {
                    "at_s": round(w.from_s, 2),
                    "for_s": round(w.seconds, 2),
                    "name": w.name,
                    "who": w.who,
                    "track": w.track_id,
                }
                for w in self.wrong
            ],
        }


def _share(hits: int, trials: int) -> dict[str, Any]:
    interval = [round(side, 4) for side in intervals.binomial_interval(hits, trials)] if trials else None
    return {"rate": round(hits / trials, 4) if trials else None, "of": trials, "interval_95": interval}
