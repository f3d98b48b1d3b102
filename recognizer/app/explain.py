"""Say in words how the name of a past track came about, and what would have changed it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recognizer.counting import counted
from recognizer.decide.evidence import Thresholds
from recognizer.decide.past import PastDecider, PastMoment, PastTrack
from recognizer.history.database import Database
from recognizer.history.past import StoredMoment, StoredTrack, read_track
from recognizer.history.records import Seen, short_source
from recognizer.history.rows import from_us
from recognizer.history.tracks import get_track
from recognizer.types import Matches


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a track got its name, or none."""

    seen: Seen
    how: tuple[str, ...]
    """Sentences: who, from how many samples, by which similarity, lead and thresholds."""
    moments: tuple[Mapping[str, Any], ...]
    """Rows of what was decided from, by time; empty where nothing of it was kept."""
    changes: tuple[str, ...]
    """Sentences: what would give another outcome."""
    thresholds: Mapping[str, float]
    """Those of the run."""
    known_limit: float | None
    """The highest threshold ``known`` with which the track, by itself, has a name; ``None``: with none, or unknown."""
    margin_limit: float | None
    """The largest wanted lead with which it has a name at the run's ``known``; ``None`` likewise."""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields for JSON."""
        return {
            **self.seen.as_dict(),
            "how": list(self.how),
            "moments": [dict(row) for row in self.moments],
            "what_would_change_it": list(self.changes),
            "thresholds": dict(self.thresholds),
            "known_limit": self.known_limit,
            "margin_limit": self.margin_limit,
        }


def explain_track(history: Database, track_id: int) -> Explanation:
    """Explain a track of the history.

    Raises:
        HistoryError: if there is no such track, or the history cannot be read.
    """
    seen, details = get_track(history, track_id)
    stored = read_track(history, track_id)
    how = [*_who(seen, stored), *_samples(details["samples"])]
    if stored is None:
        how += seen.reasons
        changes = ["Nothing that it was decided from was kept; reasons alone cannot be decided again."]
        return Explanation(seen, tuple(how), (), tuple(changes), {"known": details["known"]}, None, None)
    trial = _Trial(stored)
    how += [*_evidence(stored, trial), f"The reasons, as the run gave them: {'; '.join(seen.reasons)}."]
    known_limit, margin_limit = (None, None) if stored.is_corrected else trial.limits()
    changes = list(_changes(stored, trial, known_limit, margin_limit))
    wanted = {"known": trial.wanted.known, "release": trial.wanted.release, "margin": trial.wanted.margin}
    wanted |= {"sure": trial.wanted.sure, "evidence": trial.wanted.evidence}
    return Explanation(
        seen, tuple(how), tuple(map(_row, stored.moments)), tuple(changes), wanted, known_limit, margin_limit
    )


class _Trial:
    """A track by itself, decided again by the decider's own rules with other thresholds."""

    def __init__(self, track: StoredTrack) -> None:
        self.min_samples = max(one.facts.min_samples for one in track.moments)
        self.wanted = _own(track.moments[-1])
        """In force at the end; earlier moments may have had others."""
        self._track = track
        self._matches = [_match(one) for one in track.moments]
        self._knowns = _falling(one.similarity for one in track.moments)
        self._margins = _falling(max(one.similarity - one.runner_up, 0.0) for one in track.moments)

    def name(self, *, known: float | None = None, margin: float | None = None) -> str | None:
        """Return the name with other thresholds; ``None`` stands for those of the run, as ``history replay`` does."""
        moments = [
            PastMoment(
                one.at,
                one.weight,
                one.usable_count,
                one.shown_from,
                one.shown_until,
                _changed(_own(one), known, margin),
            )
            for one in self._track.moments
        ]
        decider = PastDecider(thresholds=_changed(self.wanted, known, margin), min_samples=self.min_samples)
        past = PastTrack(self._track.id, moments)
        return decider.decide_again([past], [self._matches])[self._track.id].name

    @property
    def is_alone(self) -> bool:
        """Whether the track by itself has the outcome that the run gave it among the others."""
        return self.name() == self._track.person

    def limits(self) -> tuple[float | None, float | None]:
        """Return the highest ``known``, and the largest ``margin``, with which it has a name."""
        if not self.is_alone:
            return None, None
        known = next((value for value in self._knowns if self.name(known=value) is not None), None)
        margin = next((value for value in self._margins if self.name(margin=value) is not None), None)
        return known, margin

    def both(self) -> tuple[float, float] | None:
        """Return the highest ``known``, and with it the largest ``margin``, that give a name together."""
        least = self._margins[-1]
        for known in self._knowns:
            if self.name(known=known, margin=least) is not None:
                return known, next(value for value in self._margins if self.name(known=known, margin=value) is not None)
        return None


def _own(moment: StoredMoment) -> Thresholds:
    return Thresholds(**moment.facts.thresholds)  # type: ignore[arg-type]  # only same_track may be None


def _changed(own: Thresholds, known: float | None, margin: float | None) -> Thresholds:
    known = own.known if known is None else known
    return replace(
        own,
        known=known,
        release=min(own.release, known),
        sure=max(own.sure, known),
        margin=own.margin if margin is None else margin,
    )


def _who(seen: Seen, stored: StoredTrack | None) -> Iterator[str]:
    seconds = (seen.ended - seen.began).total_seconds()
    began = f"{seen.began.astimezone():%Y-%m-%d %H:%M:%S}"
    source, frames = short_source(seen.source), counted(seen.frames, "frame")
    yield f"Track {seen.id}: {began}, {seconds:.1f} s at {source}, in {frames}."
    called = f"It is called {seen.person}." if seen.person else f"It has no name: {seen.status}."
    if seen.status == "named later":
        called = f"A person gave it the name {seen.person} afterwards."
    elif stored is not None and stored.is_corrected:
        called += " A person corrected it afterwards."
    elif stored is not None and stored.is_relabelled:
        called += " A replay that was applied gave this label; what follows is what the run saw."
    yield called


def _samples(kept: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not kept:
        yield "No sample of its face was kept."
        return
    eyes, sharp = [one["eyes_px"] for one in kept], [one["sharpness"] for one in kept]
    yaw = [abs(one["yaw_deg"]) for one in kept]
    yield (
        f"Its {counted(len(kept), 'best sample')}: {min(eyes):.0f} to {max(eyes):.0f} px between the eyes, sharpness "
        f"{min(sharp):.0f} to {max(sharp):.0f}, head turned {min(yaw):.0f} to {max(yaw):.0f} degrees."
    )


def _evidence(track: StoredTrack, trial: _Trial) -> Iterator[str]:
    last, wanted = track.moments[-1], trial.wanted
    yield (
        f"In the end {counted(last.usable_count, 'usable sample')} had weights of {last.weight:.2f} together; a name "
        f"needs {wanted.evidence:.2f} and {counted(trial.min_samples, 'sample')}, or a similarity of "
        f"{wanted.sure:.2f}."
    )
    best = _closest(track)
    if best.nearest is None:
        yield "There was nobody to compare it with: nobody was enrolled, or the match was rejected."
        return
    yield (
        f"Their mean came closest to {best.nearest}: similarity {best.similarity:.2f}. A name needs "
        f"{wanted.known:.2f}, and is withdrawn below {wanted.release:.2f}."
    )
    if best.runner_up > -1:
        yield (
            f"The next person had {best.runner_up:.2f}: a lead of {best.similarity - best.runner_up:.2f}. A name needs "
            f"{wanted.margin:.2f}."
        )
    else:
        yield "There was no other person to compare with."


def _changes(track: StoredTrack, trial: _Trial, known: float | None, margin: float | None) -> Iterator[str]:
    if track.is_corrected:
        yield "No threshold: a person's correction stands. 'history actions' lists it, 'history undo' takes it back."
        return
    if not trial.is_alone:
        yield "Other tracks in the same picture, or moments that were not kept, took part: see 'history replay'."
        return
    if track.person is not None:
        if known is not None:
            yield f"A threshold 'known' above {known:.4f} (now {trial.wanted.known:.4f}) would leave it without a name."
        if margin is not None:
            yield f"A wanted lead above {margin:.4f} (now {trial.wanted.margin:.4f}) would leave it without a name."
        yield f"If it is not {track.person}: 'history reject {track.id}'."
        return
    if known is not None:
        yield (
            f"A threshold 'known' of {_down(known):.4f} or less (now {trial.wanted.known:.4f}) would call it "
            f"{trial.name(known=known)}, and strangers, too: try 'history replay --known {_down(known, 2):.2f}'."
        )
    if margin is not None:
        name = trial.name(margin=margin)
        yield f"A wanted lead of {_down(margin):.4f} or less (now {trial.wanted.margin:.4f}) would call it {name}."
    if known is None and margin is None and (both := trial.both()) is not None:
        yield (
            f"Neither threshold alone would name it: 'known' would have to fall to {_down(both[0]):.4f} (now "
            f"{trial.wanted.known:.4f}) and the wanted lead to {_down(both[1]):.4f} (now {trial.wanted.margin:.4f})."
        )
    if track.moments[-1].weight < trial.wanted.evidence:
        yield "More or better samples: a larger, sharper or more frontal face, or one that stays longer."
    yield "If it is somebody who is enrolled: photos like what this camera sees. If not: 'history unknowns' to name it."


def _row(moment: StoredMoment) -> dict[str, Any]:
    return {
        "at": f"{from_us(moment.at).astimezone():%H:%M:%S.%f}"[:-4],
        "samples": moment.usable_count,
        "evidence": round(moment.weight, 2),
        "nearest": moment.nearest or "-",
        "similarity": round(moment.similarity, 4),
        "lead": round(moment.similarity - moment.runner_up, 4) if moment.runner_up > -1 else "-",
    }


def _match(moment: StoredMoment) -> Matches:
    numbers = np.array([moment.similarity, moment.runner_up], np.float32)
    return Matches((moment.nearest,), numbers[:1], numbers[1:])


def _closest(track: StoredTrack) -> StoredMoment:
    """The moment most similar to the person whose name the track has; without a name, to anybody."""
    own = [one for one in track.moments if track.person is not None and one.nearest == track.person]
    return max(own or track.moments, key=lambda one: one.similarity)


def _down(value: float, digits: int = 4) -> float:
    """Round down, so that what is said of a threshold is true of the number shown, too."""
    scale = float(10**digits)
    return math.floor(value * scale) / scale


def _falling(values: Iterable[float]) -> list[float]:
    return sorted(values, reverse=True)
