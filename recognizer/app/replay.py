"""Replay the history: decide again who past tracks are, with other thresholds, photos or rejections."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recognizer.app.past_matches import Basis, Matched, matched_tracks, rivals
from recognizer.decide.evidence import Thresholds
from recognizer.decide.past import Outcome, PastDecider, PastMoment, PastTrack
from recognizer.errors import HistoryError
from recognizer.history.database import Database
from recognizer.history.past import Counts, NewLabel, StoredMoment, StoredTrack, count_tracks, relabel
from recognizer.history.records import Selection
from recognizer.types import Matches

_CHECK_EVERY = 500
"""Tracks after which ``cancelled`` is called."""

Progress = Callable[[int, int], None]
"""Called with the tracks done and the tracks in all."""


class ReplayCancelled(HistoryError):
    """Somebody did not want to wait."""


@dataclass(frozen=True, slots=True)
class ChangedTrack:
    """A track that would bear another name."""

    track: int
    was: str | None
    now: str | None
    similarity: float
    """Cosine to the person nearest now."""
    source: str
    began: dt.datetime
    label: NewLabel
    """As ``apply`` would write it."""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields for JSON."""
        return {
            "track": self.track,
            "was": self.was,
            "now": self.now,
            "similarity": round(self.similarity, 4),
            "source": self.source,
            "began": self.began.isoformat(timespec="milliseconds"),
            "reasons": list(self.label.reasons),
        }


@dataclass(frozen=True, slots=True)
class Replay:
    """What would change."""

    compared: int
    """Tracks that were decided again."""
    changed: tuple[ChangedTrack, ...]
    """The newest first."""
    corrected: int
    """Tracks that keep the name, or the lack of one, that a person gave them."""
    other_model: int
    """Tracks of another model, whose vectors cannot be compared."""
    without_moments: int
    """Tracks of which too little was kept: an earlier version saved them."""
    not_reproduced: int
    """Tracks whose label is not reproduced with the thresholds and matches of their run; the goal is 0."""

    @property
    def new_names(self) -> Mapping[str, int]:
        """Tracks that each person would win, most first; those that another person loses are among them."""
        return dict(Counter(one.now for one in self.changed if one.now is not None).most_common())

    @property
    def lost_names(self) -> Mapping[str, int]:
        """Tracks that each person would lose, most first."""
        return dict(Counter(one.was for one in self.changed if one.was is not None).most_common())

    def as_dict(self) -> dict[str, Any]:
        """Return the fields for JSON."""
        return {
            "compared": self.compared,
            "changed": [one.as_dict() for one in self.changed],
            "new_names": dict(self.new_names),
            "lost_names": dict(self.lost_names),
            "corrected": self.corrected,
            "not_comparable": {"other_model": self.other_model, "without_moments": self.without_moments},
            "not_reproduced": self.not_reproduced,
        }


def replay_tracks(
    history: Database,
    basis: Basis,
    *,
    model: str,
    selection: Selection,
    against: Basis | None = None,
    corrected: bool = False,
    most: int | None = None,
    progress: Progress = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Replay:
    """Decide past tracks again; nothing is written.

    Args:
        history: where they are kept.
        basis: gallery and thresholds to decide by.
        model: fingerprint; only its tracks are compared.
        selection: which tracks.
        against: compare with what this basis decides, instead of with the names in the history.
        corrected: also replay tracks that a person named, or whose name a person rejected.
        most: only so many of the newest tracks.
        progress: called after every few tracks.
        cancelled: called every 500 tracks; whether to stop.

    Raises:
        HistoryError: if the history cannot be read.
        ReplayCancelled: when ``cancelled`` says so.
    """
    counts = count_tracks(history, selection, model=model)
    total = counts.comparable if most is None else min(most, counts.comparable)
    changed: list[ChangedTrack] = []
    kept = differing = done = 0
    matched = matched_tracks(history, basis, against, model, selection, most)
    for group in rivals(_until_cancelled(matched, cancelled)):
        if cancelled():
            raise ReplayCancelled("The replay was cancelled.")
        before, now = _decided(group, basis, against)
        for track in (matched.track for matched in group):
            old, new = before[track.id], now[track.id]
            if track.is_corrected and not corrected:
                kept += 1
            elif against is not None:
                changed += _change(track, old.name, new)
            elif track.is_corrected or track.is_relabelled:
                changed += _change(track, track.person, new)
            else:
                differing += (old.status.value, old.name) != (track.status, track.person)
                if (old.status, old.name) != (new.status, new.name):
                    changed += _change(track, track.person, new)
        done += len(group)
        progress(done, total)
    changed.sort(key=lambda one: (one.began, one.track), reverse=True)
    return _replay(counts, done - kept, changed, kept, differing)


def apply(history: Database, replay: Replay, what: str) -> tuple[int, int]:
    """Give the changed tracks their new names, as one action that can be undone.

    Args:
        history: which was replayed.
        replay: what changes.
        what: why, in words, for the list of actions.

    Returns:
        The action's id, and the number of tracks that were relabelled: fewer if some changed meanwhile.
    """
    return relabel(history, [one.label for one in replay.changed], "replay " + what + ": {tracks}")


def _until_cancelled(matched: Iterable[Matched], cancelled: Callable[[], bool]) -> Iterator[Matched]:
    for number, one in enumerate(matched):
        if number % _CHECK_EVERY == 0 and cancelled():
            raise ReplayCancelled("The replay was cancelled.")
        yield one


def _decided(
    group: Sequence[Matched], basis: Basis, against: Basis | None
) -> tuple[Mapping[int, Outcome], Mapping[int, Outcome]]:
    facts = {id(moment.facts): moment.facts for one in group for moment in one.track.moments}
    own = {key: Thresholds(**each.thresholds) for key, each in facts.items()}  # type: ignore[arg-type]
    min_samples = max(each.min_samples for each in facts.values())

    def decide(thresholds: Thresholds | None, matches: Sequence[Sequence[Matches]]) -> Mapping[int, Outcome]:
        tracks = [_past(one.track, lambda moment: thresholds or own[id(moment.facts)]) for one in group]
        first = thresholds or next(iter(own.values()))
        return PastDecider(thresholds=first, min_samples=min_samples).decide_again(tracks, matches)

    old_thresholds = None if against is None else against.thresholds
    before = decide(old_thresholds, [one.before for one in group])
    same = all(new is old for one in group for new, old in zip(one.now, one.before, strict=True))
    if same and all((basis.thresholds or each) == (old_thresholds or each) for each in own.values()):
        return before, before
    return before, decide(basis.thresholds, [one.now for one in group])


def _past(track: StoredTrack, wanted: Callable[[StoredMoment], Thresholds]) -> PastTrack:
    moments = [
        PastMoment(one.at, one.weight, one.usable_count, one.shown_from, one.shown_until, wanted(one))
        for one in track.moments
    ]
    return PastTrack(track.id, moments)


def _change(track: StoredTrack, was: str | None, new: Outcome) -> list[ChangedTrack]:
    if new.name == was or new.last is None:
        return []
    last = new.last
    label = NewLabel(
        track_id=track.id,
        was=track.person,
        status=new.status.value,
        person=new.name,
        nearest=new.nearest,
        similarity=last.similarity,
        margin=last.margin,
        reasons=last.reasons,
    )
    return [ChangedTrack(track.id, was, new.name, last.similarity, track.source, track.began, label)]


def _replay(counts: Counts, compared: int, changed: Sequence[ChangedTrack], kept: int, differing: int) -> Replay:
    return Replay(compared, tuple(changed), kept, counts.other_model, counts.without_moments, differing)
