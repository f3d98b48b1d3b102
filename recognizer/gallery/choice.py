"""Choose, among pictures of one person's face, those that are worth enrolling: good, safe and different."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recognizer.gallery.limits import Limits, quality_notes
from recognizer.gallery.records import Enrolled, Finding, MeasuredFace, Measurement
from recognizer.types import F32

ALIKE = 0.95
"""Cosine from which two pictures say the same of a face: with 0.9 the median similarity of a person's samples in other
clips is 0.74, with 0.95 it is 0.75 (``docs/measurements.md``, "Enrolling from the history")."""
_YAW_DEG = 90.0
"""Difference of yaw that counts as much as a cosine of zero, when the next picture is chosen."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What came of one picture."""

    chosen: bool
    reason: str
    """Why it was not chosen; empty for a chosen one."""


def choose(
    measured: Sequence[Measurement], person: str, enrolled: Enrolled, *, limits: Limits, confusable: float, count: int
) -> list[Choice]:
    """Choose pictures to enrol for a person; one choice for each, in the same order.

    A picture must have one face that misses no wanted limit of quality, be like the person's photos (or else like most
    of the other pictures), be unlike everybody else, and differ from those chosen before it, in vector or pose.

    Args:
        measured: results of measuring each picture, the most valuable picture first.
        person: whose they are said to be.
        enrolled: the vectors of the gallery, of the same model.
        limits: of quality and likeness.
        confusable: cosine from which two people may be taken for one another, as in ``gallery audit``.
        count: most pictures to choose.
    """
    reasons = [_fault(measurement, limits) for measurement in measured]
    usable = [row for row, reason in enumerate(reasons) if not reason]
    is_own = np.array([name == person for name in enrolled.names], np.bool_)
    own, faces = enrolled.vectors[is_own], {row: measured[row].require_face() for row in usable}
    _refuse_confusable(reasons, faces, enrolled, is_own, at_least=confusable)
    _refuse_unlike(reasons, faces, own, person, at_least=limits.same_person)
    chosen: list[int] = []
    left = [row for row in usable if not reasons[row]]
    while left and len(chosen) < count:
        left = [row for row in left if not _like_chosen(reasons, row, faces, chosen, own)]
        if not left:
            break
        chosen.append(max(left, key=lambda row: _difference(faces, row, chosen, own)) if chosen else left[0])
        left.remove(chosen[-1])
    for row in left:
        reasons[row] = reasons[row] or f"good, but {count} are enough"
    return [Choice(row in chosen, reasons[row]) for row in range(len(measured))]


def _fault(measurement: Measurement, limits: Limits) -> str:
    """Say why a picture alone is not good enough; empty where it is."""
    bad = [note.text for note in measurement.notes if note.finding is not Finding.TURNED]
    if measurement.face is None or bad:
        return "; ".join(bad) or "no face found"
    unusable, weak = quality_notes(measurement, limits)
    return "; ".join(note.text for note in [*unusable, *weak])


def _refuse_confusable(
    reasons: list[str],
    faces: dict[int, MeasuredFace],
    enrolled: Enrolled,
    is_own: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    *,
    at_least: float,
) -> None:
    others = np.flatnonzero(~is_own)
    if not len(others):
        return
    for row, face in faces.items():
        cosines = enrolled.vectors[others] @ face.vector
        nearest = int(np.argmax(cosines))
        if cosines[nearest] >= at_least:
            name, file = enrolled.names[others[nearest]], enrolled.files[others[nearest]]
            reasons[row] = f"like {name} ({file}), similarity {cosines[nearest]:.2f}: they would be confused"


def _refuse_unlike(
    reasons: list[str], faces: dict[int, MeasuredFace], own: F32, person: str, *, at_least: float
) -> None:
    """Refuse pictures unlike the person's photos; where there are none, those unlike most other pictures."""
    alive = [row for row in faces if not reasons[row]]
    vectors = {row: faces[row].vector for row in alive}
    for row in alive:
        if len(own):
            best = float((own @ vectors[row]).max())
            if best < at_least:
                reasons[row] = f"unlike the photos of {person}: similarity {best:.2f}, wanted {at_least:.2f}"
        elif len(alive) > 2:
            cosines = np.array([vectors[row] @ vectors[other] for other in alive if other != row])
            middle = float(np.median(cosines))
            if middle < at_least:
                reasons[row] = f"unlike most other crops: similarity {middle:.2f}, wanted {at_least:.2f}"


def _like_chosen(reasons: list[str], row: int, faces: dict[int, MeasuredFace], chosen: Sequence[int], own: F32) -> bool:
    """Whether a photo or a chosen picture says the same already; the reason is noted."""
    vector = faces[row].vector
    if len(own) and float((own @ vector).max()) >= ALIKE:
        reasons[row] = "like a photo that is enrolled already"
    elif chosen and max(float(faces[other].vector @ vector) for other in chosen) >= ALIKE:
        reasons[row] = "like another crop that was chosen"
    return bool(reasons[row])


def _difference(faces: dict[int, MeasuredFace], row: int, chosen: Sequence[int], own: F32) -> float:
    """How much a picture differs from the nearest one that is enrolled or chosen: in vector, and in yaw."""
    face = faces[row]
    yaw = float(face.quality.yaw_deg[0])
    differences = [
        1 - float(faces[other].vector @ face.vector) + abs(float(faces[other].quality.yaw_deg[0]) - yaw) / _YAW_DEG
        for other in chosen
    ]
    if len(own):
        differences.append(1 - float((own @ face.vector).max()))
    return min(differences)
