"""Covered strangers are counted before and after the limit for covered faces."""

from __future__ import annotations

import numpy as np
import pytest

from recognizer.evaluation.covered import COVERS, measure_covered
from recognizer.evaluation.degradations import DEGRADATIONS
from recognizer.evaluation.faces import Picture
from recognizer.gallery.landmark_spread import cover_notes
from recognizer.gallery.records import MeasuredFace, Measurement
from recognizer.quality import QualityLimits
from recognizer.types import U8, FaceQuality
from tests.fakes import painted_vector

SIDE = 100


def picture(person: int) -> Picture:
    """A person's number in the upper left corner, which no cover reaches but the cut through the picture does."""
    image = np.full((SIDE, SIDE, 3), 200, np.uint8)
    image[:5] = person
    return Picture(str(person), str(person), lambda: image)


def measure(image: U8) -> Measurement:
    """All faces that are covered by more than a little look like one person; those are noted, but for every third."""
    if image.shape[1] < 0.5 * SIDE:
        return Measurement()
    person = int(image[0, 0, 0])
    hidden = float((image[5:] != 200).any(axis=2).mean())
    vector = painted_vector(12 if hidden > 0.05 else person, 0)
    spread = 0.0 if hidden <= 0.05 or person % 3 == 0 else 0.2
    face = MeasuredFace((0, 0, 1, 1), FaceQuality.of(60, 150, 0, 0, 0.999), vector, b"")
    return Measurement(cover_notes(spread), face)


def test_pairs_are_counted_before_and_within_the_limit() -> None:
    people = [picture(person) for person in range(6)]
    rows = measure_covered(people, people, measure=measure, threshold=0.5, limits=QualityLimits())
    levels = sum(len(kind.levels) for kind in DEGRADATIONS if kind.name in COVERS)
    assert len(rows) == levels + 2
    plain, half = rows[0], next(row for row in rows if (row.name, row.level) == ("lower face covered", 0.5))
    assert (plain.found, plain.refused, plain.before.hits, plain.before.comparisons) == (1, 0, 0, 15)
    assert (half.before.hits, half.before.comparisons) == (15, 15)
    assert half.refused == pytest.approx(4 / 6)
    assert (half.within.hits, half.within.comparisons) == (1, 1)
    assert (half.fnmr, half.fnmr_within) == (1, 1)
    every = rows[-1]
    assert every.name == "all covers"
    assert every.before.hits == sum(row.before.hits for row in rows[1:-1])
    assert every.before.comparisons == sum(row.before.comparisons for row in rows[1:-1])
    assert 0 <= every.within.low <= every.within.rate <= every.within.high <= 1
