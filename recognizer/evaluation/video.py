"""A run of a clip held against its truth: who was named rightly, wrongly, late, or not at all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recognizer.calibration import intervals
from recognizer.evaluation.truth import Appearance, Box, Truth

SETTLE_S = 0.15
"""At the ends of an appearance, truth and clip may differ by a few frames: a name is no error there."""
SHORT_S = 0.25
"""Tracks seen for less are not counted as tracks."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A reported track in one frame."""

    at_s: float
    track_id: int
    box: Box
    name: str | None


@dataclass(frozen=True, slots=True)
class WrongName:
    """A track that bore a wrong name for a while."""

    track_id: int
    name: str
    who: str | None
    """Who it really was; ``None`` where the truth knows nobody."""
    from_s: float
    seconds: float


@dataclass(frozen=True, slots=True)
class AppearanceScore:
    """How one entry of the truth was recognised."""

    face: Appearance
    enrolled: bool
    present_s: float
    """In the frames that were looked at."""
    named_s: float
    """Of that, rightly named."""
    wait_s: float | None
    """Time to the right name; ``None``: never."""


@dataclass(frozen=True, slots=True)
class TrackScore:
    """What a reported track was, seen long enough to count."""

    track_id: int
    who: str | None
    """By the truth, most of the time; ``None`` where it knows nobody."""
    enrolled: bool
    names: frozenset[str]
    """All it bore."""
    seconds: float


@dataclass(frozen=True, slots=True)
class NamedSpan:
    """A track bore a name from when to when, rightly or not."""

    track_id: int
    name: str
    right: bool
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class VideoScore:
    """How well a clip was recognised."""

    counted_s: float
    """Face-time of enrolled people that counts."""
    named_s: float
    """Of that, rightly named."""
    all_s: float
    """The same with the appearances that need not be named."""
    all_named_s: float
    reported_s: float
    """Face-time of all reported tracks."""
    wrong: tuple[WrongName, ...]
    mated_tracks: int
    mated_named: int
    """Tracks of enrolled people that got the right name and no other."""
    non_mated_tracks: int
    """Tracks of strangers, and of what is no face."""
    non_mated_named: int
    tracks: int
    switches: int
    """Times that the track of a face that stayed in view got another number, the old one being gone."""
    waits_s: tuple[float | None, ...]
    """For each counted appearance, time to the right name; ``None``: never."""
    appearances: tuple[AppearanceScore, ...]
    """One for each entry of the truth."""
    seen: tuple[TrackScore, ...]
    spans: tuple[NamedSpan, ...]

    @property
    def coverage(self) -> float:
        """Share of the counted face-time that was rightly named."""
        return self.named_s / self.counted_s if self.counted_s else 0.0

    def people(self) -> dict[str, dict[str, Any]]:
        """For each enrolled person of the truth, in its order: what was seen and named of them."""
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
        """For JSON; rates with their 95 % intervals."""
        hours = self.reported_s / 3600
        low, high = intervals.of_count(len(self.wrong))
        wrong_tracks = len({wrong.track_id for wrong in self.wrong})
        named = [wait for wait in self.waits_s if wait is not None]

        def share(hits: int, trials: int) -> dict[str, Any]:
            interval = [round(side, 4) for side in intervals.of_share(hits, trials)] if trials else None
            return {"rate": round(hits / trials, 4) if trials else None, "of": trials, "interval_95": interval}

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
            "wrong_names_per_track": share(wrong_tracks, self.tracks),
            "tpir": share(self.mated_named, self.mated_tracks),
            "fpir": share(self.non_mated_named, self.non_mated_tracks),
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


def score(truth: Truth, frames: Sequence[tuple[float, Sequence[Seen]]], *, enrolled: Collection[str]) -> VideoScore:
    """Hold a run against the truth.

    Args:
        truth: who was there.
        frames: for each frame, its time from the clip's start and the reported tracks in it.
        enrolled: names in the gallery.
    """
    times = [at for at, _ in frames]
    typical = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    named_of = [0.0] * len(truth.faces)
    first_named: list[float | None] = [None] * len(truth.faces)
    follower: list[int | None] = [None] * len(truth.faces)
    switches = 0
    seen_s: defaultdict[int, float] = defaultdict(float)
    wrong_s: defaultdict[tuple[int, str, str | None], float] = defaultdict(float)
    wrong_from: dict[tuple[int, str, str | None], float] = {}
    owners: dict[int, Counter[int | None]] = {}
    names: dict[int, set[str]] = {}
    present = [0.0] * len(truth.faces)
    spans = _Spans()
    for (at, tracks), lasts in zip(frames, [*np.diff(times).tolist(), typical], strict=True):
        active = [n for n, face in enumerate(truth.faces) if face.from_s <= at < face.to_s]
        for number in active:
            present[number] += lasts
        near = [n for n, face in enumerate(truth.faces) if face.from_s - SETTLE_S <= at < face.to_s + SETTLE_S]
        for track in tracks:
            owner = _owner(track, active, near, truth.faces)
            seen_s[track.track_id] += lasts
            owners.setdefault(track.track_id, Counter())[owner] += 1
            if owner is not None and owner in active:
                switches += follower[owner] is not None and follower[owner] not in {other.track_id for other in tracks}
                follower[owner] = track.track_id
            if track.name is None:
                continue
            names.setdefault(track.track_id, set()).add(track.name)
            who = truth.faces[owner].who if owner is not None else None
            spans.add(track.track_id, track.name, who == track.name, at, at + lasts)
            if who == track.name and owner is not None:
                if owner in active:
                    named_of[owner] += lasts
                    if first_named[owner] is None:
                        first_named[owner] = at - truth.faces[owner].from_s
            else:
                key = (track.track_id, track.name, who)
                wrong_s[key] += lasts
                wrong_from.setdefault(key, at)
    wrong = tuple(WrongName(t, name, who, wrong_from[t, name, who], s) for (t, name, who), s in wrong_s.items())
    mine = [n for n, face in enumerate(truth.faces) if face.who in enrolled]
    counted = [n for n in mine if truth.faces[n].counts]
    whose = {track: owners[track].most_common(1)[0][0] for track, seconds in seen_s.items() if seconds >= SHORT_S}
    mated = {t: truth.faces[o].who for t, o in whose.items() if o is not None and o in counted}
    strangers = [t for t, o in whose.items() if o is None or truth.faces[o].who not in enrolled]
    return VideoScore(
        counted_s=sum(present[n] for n in counted),
        named_s=sum(min(named_of[n], present[n]) for n in counted),
        all_s=sum(present[n] for n in mine),
        all_named_s=sum(min(named_of[n], present[n]) for n in mine),
        reported_s=sum(seen_s.values()),
        wrong=wrong,
        mated_tracks=len(mated),
        mated_named=sum(names.get(track, set()) == {who} for track, who in mated.items()),
        non_mated_tracks=len(strangers),
        non_mated_named=sum(bool(names.get(track)) for track in strangers),
        tracks=len(whose),
        switches=switches,
        waits_s=tuple(first_named[n] for n in counted),
        appearances=tuple(
            AppearanceScore(face, face.who in enrolled, present[n], named_of[n], first_named[n])
            for n, face in enumerate(truth.faces)
        ),
        seen=tuple(
            TrackScore(
                track,
                None if o is None else truth.faces[o].who,
                o is not None and truth.faces[o].who in enrolled,
                frozenset(names.get(track, ())),
                seen_s[track],
            )
            for track, o in sorted(whose.items())
        ),
        spans=spans.joined(),
    )


class _Spans:
    """Joins frames in which a track bore a name to spans of time."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, str, bool], NamedSpan] = {}
        self._closed: list[NamedSpan] = []

    def add(self, track_id: int, name: str, right: bool, from_s: float, to_s: float) -> None:
        key = (track_id, name, right)
        before = self._open.get(key)
        if before is not None and from_s - before.to_s < SETTLE_S:
            from_s = before.from_s
        elif before is not None:
            self._closed.append(before)
        self._open[key] = NamedSpan(track_id, name, right, from_s, to_s)

    def joined(self) -> tuple[NamedSpan, ...]:
        return tuple(sorted([*self._closed, *self._open.values()], key=lambda span: (span.from_s, span.track_id)))


def _owner(track: Seen, active: Sequence[int], near: Sequence[int], faces: Sequence[Appearance]) -> int | None:
    """Which appearance a track is: by its place where the truth tells places, else by its name."""
    for among in (active, near):
        if among is near and active and any(faces[n].box is None for n in active):
            break
        inside = [n for n in among if faces[n].box is not None and _inside(track.box, faces[n].box)]
        if inside:
            right = [n for n in inside if faces[n].who == track.name]
            return min(right or inside, key=lambda n: _off(track.box, faces[n].box))
        anywhere = [n for n in among if faces[n].box is None]
        right = [n for n in anywhere if faces[n].who == track.name]
        if right or anywhere:
            return (right or anywhere)[0]
    return None


def _inside(box: Box, place: Box | None) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return place is not None and place[0] <= x <= place[2] and place[1] <= y <= place[3]


def _off(box: Box, place: Box | None) -> float:
    if place is None:
        return float("inf")
    return abs(box[0] + box[2] - place[0] - place[2]) + abs(box[1] + box[3] - place[1] - place[3])
