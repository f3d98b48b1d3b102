"""Score a run on a clip against its truth: who was named correctly, wrongly, late, or not at all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from recognizer.evaluation.truth import Appearance, Box, Truth
from recognizer.evaluation.video_score import AppearanceScore, NamedSpan, TrackScore, VideoScore, WrongName

SETTLE_S = 0.15
"""At the ends of an appearance, truth and clip may differ by a few frames: a name is no error there."""
SHORT_S = 0.25
"""Tracks that last less are not counted as tracks."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A reported track in one frame."""

    at_s: float
    track_id: int
    box: Box
    name: str | None


def score(truth: Truth, frames: Sequence[tuple[float, Sequence[Seen]]], *, enrolled: Collection[str]) -> VideoScore:
    """Score a run.

    Args:
        truth: of the clip.
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
        track_scores=tuple(
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
    """Join consecutive frames in which a track had a name to spans of time."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, str, bool], NamedSpan] = {}
        self._closed: list[NamedSpan] = []

    def add(self, track_id: int, name: str, correct: bool, from_s: float, to_s: float) -> None:
        key = (track_id, name, correct)
        before = self._open.get(key)
        if before is not None and from_s - before.to_s < SETTLE_S:
            from_s = before.from_s
        elif before is not None:
            self._closed.append(before)
        self._open[key] = NamedSpan(track_id, name, correct, from_s, to_s)

    def joined(self) -> tuple[NamedSpan, ...]:
        return tuple(sorted([*self._closed, *self._open.values()], key=lambda span: (span.from_s, span.track_id)))


def _owner(track: Seen, active: Sequence[int], near: Sequence[int], faces: Sequence[Appearance]) -> int | None:
    """Find the appearance of a track: by its place where the truth has boxes, else by its name."""
    for among in (active, near):
        if among is near and active and any(faces[n].box is None for n in active):
            break
        inside = [n for n in among if faces[n].box is not None and _inside(track.box, faces[n].box)]
        if inside:
            same_name = [n for n in inside if faces[n].who == track.name]
            return min(same_name or inside, key=lambda n: _distance_px(track.box, faces[n].box))
        anywhere = [n for n in among if faces[n].box is None]
        same_name = [n for n in anywhere if faces[n].who == track.name]
        if anywhere:
            return (same_name or anywhere)[0]
    return None


def _inside(box: Box, place: Box | None) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return place is not None and place[0] <= x <= place[2] and place[1] <= y <= place[3]


def _distance_px(box: Box, place: Box | None) -> float:
    if place is None:
        return float("inf")
    return abs(box[0] + box[2] - place[0] - place[2]) + abs(box[1] + box[3] - place[1] - place[3])
