"""Measure how often strangers behind masks, hands or the picture's edge are one person, and what the limits keep out.

Photos are covered by known amounts (`recognizer.evaluation.degradations`), and measured as enrolment and ``verify`` do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.evaluation.degradations import DEGRADATIONS, degraded
from recognizer.evaluation.faces import Picture
from recognizer.evaluation.quality import Matched, matched
from recognizer.gallery.limits import quality_notes
from recognizer.gallery.records import Finding, Measurement
from recognizer.quality import QualityLimits
from recognizer.types import F32, U8

COVERS = ("lower face covered", "one side covered", "mask", "hand", "beyond the edge")
"""Names of the degradations that hide a part of the face."""


@dataclass(frozen=True, slots=True)
class CoverRow:
    """Photos of strangers that are covered in one way."""

    name: str
    level: float
    """Share of the face that is covered."""
    found: float
    """Share of the photos in which a face is found."""
    weak: float
    """Share of the faces found that are noted as perhaps covered."""
    refused: float
    """Share of them that are refused for it."""
    before: Matched
    """Pairs of strangers that match, both covered, within the other limits of quality."""
    within: Matched
    """The same of those that are not refused."""
    fnmr: float
    """Share of the faces within the other limits that do not match another photo of their person."""
    fnmr_within: float

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Photos:
    vectors: F32
    found: NDArray[np.bool_]
    weak: NDArray[np.bool_]
    covered: NDArray[np.bool_]
    usable: NDArray[np.bool_]
    """By the other limits."""


def measure_covered(
    first: Sequence[Picture],
    second: Sequence[Picture],
    *,
    measure: Callable[[U8], Measurement],
    threshold: float,
    limits: QualityLimits,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[CoverRow]:
    """Measure every level of every cover; the first row is of the photos as they are, the last of all covers.

    Args:
        first: a photo of each person, to be covered.
        second: another of each, the same rows.
        measure: as enrolment measures a photo.
        threshold: cosine from which two faces are one person.
        limits: of the faces' quality.
        on_progress: called with the levels that are done, and all.
    """
    levels = [(kind, level) for kind in DEGRADATIONS if kind.name in COVERS for level in kind.levels]
    others = _measured(second, measure, limits)
    rows = [_row("as they are", 0.0, [_measured(first, measure, limits)], others, threshold)]
    every: list[_Photos] = []
    for done, (kind, level) in enumerate(levels):
        on_progress(done, len(levels))
        every.append(_measured(degraded(first, kind, level), measure, limits))
        rows.append(_row(kind.name, level, every[-1:], others, threshold))
    on_progress(len(levels), len(levels))
    return [*rows, _row("all covers", 0.0, every, others, threshold)]


def _measured(pictures: Sequence[Picture], measure: Callable[[U8], Measurement], limits: QualityLimits) -> _Photos:
    measured = [measure(picture.read()) for picture in pictures]
    size = max((len(one.face.vector) for one in measured if one.face is not None), default=1)
    blank = np.zeros(size, np.float32)
    vectors = np.stack([blank if one.face is None else one.face.vector for one in measured])
    notes = [set() if one.face is None else {note.finding for note in one.notes} for one in measured]
    usable = [
        one.face is not None and not {note.finding for note in quality_notes(one, limits)[0]} - {Finding.COVERED}
        for one in measured
    ]
    return _Photos(
        vectors,
        np.array([one.face is not None for one in measured]),
        np.array([Finding.PARTLY_COVERED in found for found in notes]),
        np.array([Finding.COVERED in found for found in notes]),
        np.array(usable),
    )


def _row(name: str, level: float, covered: Sequence[_Photos], others: _Photos, threshold: float) -> CoverRow:
    found = np.concatenate([photos.found for photos in covered])
    weak = np.concatenate([photos.weak for photos in covered])
    refused = np.concatenate([photos.covered for photos in covered])
    usable = np.concatenate([photos.usable for photos in covered])
    missed = np.concatenate([(photos.vectors * others.vectors).sum(axis=1) < threshold for photos in covered])
    known = np.tile(others.found, len(covered))
    return CoverRow(
        name,
        level,
        found=float(found.mean()),
        weak=float((weak[found]).mean()) if found.any() else 0.0,
        refused=float(refused[found].mean()) if found.any() else 0.0,
        before=_pairs([(photos.vectors, photos.usable) for photos in covered], threshold),
        within=_pairs([(photos.vectors, photos.usable & ~photos.covered) for photos in covered], threshold),
        fnmr=float(missed[usable & known].mean()) if (usable & known).any() else 0.0,
        fnmr_within=float(missed[usable & known & ~refused].mean()) if (usable & known & ~refused).any() else 0.0,
    )


def _pairs(sets: Sequence[tuple[F32, NDArray[np.bool_]]], threshold: float) -> Matched:
    """Count the pairs within each set, of photos that count; each photo is of another person."""
    found = [matched(np.triu(v @ v.T >= threshold, 1), np.triu(c[:, None] & c[None], 1)) for v, c in sets]
    if len(found) == 1:
        return found[0]
    hits, pairs = sum(one.hits for one in found), sum(one.comparisons for one in found)
    weights = [one.comparisons / max(pairs, 1) for one in found]
    low, high = (sum(w * getattr(one, end) for w, one in zip(weights, found, strict=True)) for end in ("low", "high"))
    return Matched(hits, pairs, low, high)
