"""Records of tracks made by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np

from recognizer.geometry import unit_rows
from recognizer.history.records import Sample, TrackRecord
from recognizer.types import F32, FaceQuality, Status

WIDTH = 48
"""Inputs of the last layer of the network that ``faces`` are of."""
NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


def unit(seed: int, dimension: int = 512) -> F32:
    """A vector of unit length."""
    vector = np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def faces(count: int, seed: int = 0, *, width: int = WIDTH, first: int = 0) -> F32:
    """Vectors of a network whose last layer has so many inputs, (count, 512)."""
    network = np.linalg.qr(np.random.default_rng(99).standard_normal((512, 512)))[0][first : first + width]
    return unit_rows(np.random.default_rng(seed).standard_normal((count, width)) @ network)


def near(vector: F32, similarity: float, seed: int) -> F32:
    """A vector of unit length at a given cosine to another one."""
    other = unit(seed) - (unit(seed) @ vector) * vector
    other /= np.linalg.norm(other)
    return np.asarray(similarity * vector + np.sqrt(1 - similarity**2) * other, np.float32)


def record(
    number: int = 1,
    *,
    person: str | None = "Ada",
    source: str = "door",
    began: dt.datetime = NOON,
    seconds: float = 10.0,
    vectors: tuple[F32, ...] = (),
    status: Status | None = None,
) -> TrackRecord:
    """A track; known when there is a person."""
    quality = FaceQuality.of(40.0, 90.0, 5.0, 0.0, 0.99)
    return TrackRecord(
        source=source,
        number=number,
        began=began,
        ended=began + dt.timedelta(seconds=seconds),
        at_s=0.5,
        status=status or (Status.KNOWN if person else Status.UNKNOWN),
        person=person,
        nearest=person or "Ada",
        similarity=0.61,
        margin=0.3,
        reasons=("similarity 0.61 to Ada",),
        frames=100,
        samples=tuple(Sample(began, vector, quality) for vector in vectors),
    )
