"""Review all photos of a gallery: accept those that represent their person, refuse the others with a reason.

A pure function of the measurements, in four steps: each photo alone (is there a usable face), with the same person's
other photos (is one unlike them), with everybody else's (is one more like another person), and last the quality (weak
photos are refused where the person has better ones). One wrong reference photo is enough for wrong names, as the
nearest one decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from recognizer.gallery.limits import Limits, quality_notes
from recognizer.gallery.records import Finding, Measurement, Note
from recognizer.types import F32

_BLOCK = 256


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One photo to review."""

    person: str
    file: str
    sha256: bytes | None
    """Digest of the content; ``None`` when it could not be read."""
    measurement: Measurement


@dataclass(frozen=True, slots=True)
class Review:
    """Result for one photo: whether it is accepted, and the findings."""

    accepted: bool
    notes: tuple[Note, ...]


@dataclass(slots=True, eq=False)
class _Case:
    candidate: Candidate
    vector: F32
    alive: bool
    weak: list[Note]
    notes: list[Note] = field(default_factory=list)

    def refuse(self, finding: Finding, text: str) -> None:
        self.alive = False
        self.notes.append(Note(finding, text))


def review(candidates: Sequence[Candidate], limits: Limits) -> list[Review]:
    """Review the photos of all people; one result for each, in the same order."""
    cases = [_alone(candidate, limits) for candidate in candidates]
    people: dict[str, list[_Case]] = {}
    for case in cases:
        people.setdefault(case.candidate.person, []).append(case)
    for own in people.values():
        _same_picture_twice(own, limits)
        _unlike_the_others(own, limits)
    _like_someone_else(cases, limits)
    for own in people.values():
        _weak_beside_good(own)
    return [Review(case.alive, tuple(case.notes)) for case in cases]


def _alone(candidate: Candidate, limits: Limits) -> _Case:
    measured = candidate.measurement
    if measured.face is None:
        return _Case(candidate, np.zeros(0, np.float32), False, [], list(measured.notes))
    unusable, weak = quality_notes(measured, limits)
    notes = [*measured.remarks, *unusable]
    return _Case(candidate, measured.face.vector, not unusable, weak, notes)


def _same_picture_twice(own: Sequence[_Case], limits: Limits) -> None:
    """Refuse copies of a picture but the largest, as copies would support each other in the next step."""
    kept: list[_Case] = []
    usable = [case for case in own if case.alive and case.candidate.measurement.face is not None]
    for case in sorted(usable, key=lambda case: -_eyes_px(case)):
        twin = next((other for other in kept if _same_picture(case, other, limits)), None)
        if twin is None:
            kept.append(case)
        else:
            same_bytes = case.candidate.sha256 == twin.candidate.sha256
            how = "the same picture as" if same_bytes else "hardly differs from"
            case.refuse(Finding.SAME_PICTURE, f"{how} {twin.candidate.file}")


def _same_picture(one: _Case, other: _Case, limits: Limits) -> bool:
    if one.candidate.sha256 == other.candidate.sha256:
        return True
    return float(one.vector @ other.vector) > limits.same_picture


def _eyes_px(case: _Case) -> float:
    face = case.candidate.measurement.face
    return float(face.quality.eyes_px[0]) if face else 0.0


def _unlike_the_others(own: Sequence[_Case], limits: Limits) -> None:
    """Refuse photos unlike the majority; without a majority, note those that are unlike all others."""
    alive = [case for case in own if case.alive]
    if len(alive) < 2:
        return
    similarities = _cosines(alive, alive)
    groups = _linked(similarities > limits.same_person)
    largest = max(groups, key=len)
    agreed = len(largest) > len(alive) / 2
    for row in sorted(set(range(len(alive))) - set(largest) if agreed else _loners(groups)):
        best = float(np.delete(similarities[row], row).max())
        text = f"unlike the person's other photos: similarity {best:.2f}, wanted {limits.same_person:.2f}"
        if agreed:
            alive[row].refuse(Finding.UNLIKE_OTHERS, text)
            alive[row].notes.extend(alive[row].weak)
        else:
            alive[row].notes.append(Note(Finding.UNLIKE_OTHERS, text + "; it is unknown which of them is right"))


def _loners(groups: list[list[int]]) -> list[int]:
    return [group[0] for group in groups if len(group) == 1]


def _linked(edges: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> list[list[int]]:
    """Connected components of a symmetric (n, n) relation, each a list of rows; in order of their first row."""
    groups: list[list[int]] = []
    seen: set[int] = set()
    for start in range(len(edges)):
        if start in seen:
            continue
        group, frontier = [], [start]
        seen.add(start)
        while frontier:
            row = frontier.pop()
            group.append(row)
            fresh = [int(column) for column in np.nonzero(edges[row])[0] if int(column) not in seen]
            seen.update(fresh)
            frontier.extend(fresh)
        groups.append(group)
    return groups


def _like_someone_else(cases: Sequence[_Case], limits: Limits) -> None:
    """Refuse or note photos that are more like another person; the clearest first, as each refusal may clear others."""
    alive = [case for case in cases if case.alive]
    outliers = [case for case in cases if any(note.finding is Finding.UNLIKE_OTHERS for note in case.notes)]
    for case, (_, other, rival) in zip(outliers, _nearest(outliers, alive), strict=True):
        if rival is not None and other > limits.lookalike and not case.alive:
            where = f"{rival.candidate.person} ({rival.candidate.file})"
            case.notes.append(Note(Finding.LIKE_SOMEONE_ELSE, f"more like {where}, similarity {other:.2f}"))
    suspects = []
    for case, (own, other, _) in zip(alive, _nearest(alive, alive), strict=True):
        if other > limits.lookalike and other > own:
            suspects.append((own - other, case.candidate.person, case.candidate.file, case))
    for *_, case in sorted(suspects, key=lambda suspect: suspect[:3]):
        if not case.alive:
            continue
        alive = [one for one in alive if one.alive]
        own, other, rival = _nearest([case], alive)[0]
        if rival is None or other <= limits.lookalike or other <= own:
            continue
        has_siblings = own > -1
        where = f"{rival.candidate.person} ({rival.candidate.file})"
        if has_siblings and other > own + limits.clearly_more:
            text = f"more like {where}, similarity {other:.2f}, than like the person's other photos, {own:.2f}"
            case.refuse(Finding.LIKE_SOMEONE_ELSE, text)
        elif not has_siblings and _same_picture(case, rival, limits):
            case.refuse(Finding.LIKE_SOMEONE_ELSE, f"the same picture stands under {where}")
            if _nearest([rival], alive)[0][0] <= limits.same_person:  # nothing speaks for the other either
                where = f"{case.candidate.person} ({case.candidate.file})"
                rival.refuse(Finding.LIKE_SOMEONE_ELSE, f"the same picture stands under {where}")
        else:
            text = f"much like {where}, similarity {other:.2f}: one person twice, or a photo in a wrong folder?"
            case.notes.append(Note(Finding.LIKE_SOMEONE_ELSE, text))


def _nearest(cases: Sequence[_Case], among: Sequence[_Case]) -> list[tuple[float, float, _Case | None]]:
    """Return, for each case, the cosine to its person's nearest other photo and to anyone else's, and the latter photo.

    A cosine of -1 means that there is none. Works block by block, so that no (N, N) matrix is held.
    """
    if not among:
        return [(-1.0, -1.0, None) for _ in cases]
    numbers: dict[str, int] = {}
    owners = np.array([numbers.setdefault(case.candidate.person, len(numbers)) for case in among])
    places = {id(case): place for place, case in enumerate(among)}
    result: list[tuple[float, float, _Case | None]] = []
    for start in range(0, len(cases), _BLOCK):
        block = cases[start : start + _BLOCK]
        for case, cosines in zip(block, _cosines(block, among), strict=True):
            is_own = owners == numbers.get(case.candidate.person, -1)
            others = np.where(is_own, -np.inf, cosines)
            if id(case) in places:
                is_own[places[id(case)]] = False
            own = float(cosines[is_own].max(initial=-1))
            best = int(np.argmax(others))
            found = bool(np.isfinite(others[best]))
            result.append((own, float(others[best]), among[best]) if found else (own, -1.0, None))
    return result


def _weak_beside_good(own: Sequence[_Case]) -> None:
    """Refuse weak photos of people who have a good one; note them in those who have none."""
    alive = [case for case in own if case.alive]
    any_good = any(not case.weak for case in alive)
    for case in alive:
        for note in case.weak:
            if any_good:
                case.refuse(note.finding, note.text)
            else:
                case.notes.append(Note(note.finding, note.text + "; taken for want of a better one"))


def _cosines(rows: Sequence[_Case], columns: Sequence[_Case]) -> F32:
    left, right = np.stack([case.vector for case in rows]), np.stack([case.vector for case in columns])
    return np.asarray(left @ right.T, np.float32)
