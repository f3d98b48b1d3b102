"""Draw a large history at random: known people and strangers of a month."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import sqlalchemy as sa

from recognizer.bench.search import VARIANCES, WIDTH, WITHIN
from recognizer.geometry import unit_rows
from recognizer.history.database import Database
from recognizer.history.records import SAMPLES
from recognizer.history.rows import insert_run, to_us
from recognizer.history.schema import samples
from recognizer.history.schema import tracks as table
from recognizer.history.spans import span_of, tidy
from recognizer.history.vectors import Span, packed_rows
from recognizer.types import EMBEDDING_SIZE, F32

MODEL = "bench-000000000000"
PEOPLE, SOURCES, DAYS = 200, 8, 30
VISITS = 5
"""Tracks of an unknown person."""
FULL = 0.2
"""Share of the tracks that have five samples; the others have one."""
UNKNOWN = 0.4
"""Share of the tracks that are unknown, where ``unknown`` does not say how many."""
_NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
_BLOCK = 20_000
_FIRST = 1000
"""Tracks from whose samples the span is found, as a run does; all others are packed at once."""
KNOWN = 0.42
"""Cosine that a hit needs: EdgeFace XS's threshold."""


class Faces:
    """Draws vectors as ``search.faces`` does: people in a subspace, the same for every seed, and their photos."""

    def __init__(self, seed: int = 0) -> None:
        turned = np.linalg.qr(np.random.default_rng(0).standard_normal((EMBEDDING_SIZE, WIDTH)))[0].T
        self.rng = np.random.default_rng(seed)
        self._spread = (np.sqrt(np.linspace(*VARIANCES, WIDTH))[:, None] * turned).astype(np.float32)

    def people(self, count: int) -> F32:
        """Draw (count, WIDTH) people."""
        return self.rng.standard_normal((count, WIDTH), dtype=np.float32)

    def photos(self, of: F32) -> F32:
        """Draw a photo of each of (N, WIDTH) people: (N, 512) of unit length."""
        drawn = of + np.float32(np.sqrt(WITHIN)) * self.rng.standard_normal(of.shape, dtype=np.float32)
        vectors = drawn @ self._spread
        return unit_rows(vectors)


def known_people(seed: int = 0) -> F32:
    """Return the known people whom ``fill`` draws first, (PEOPLE, WIDTH)."""
    return Faces(seed).people(PEOPLE)


def fill(history: Database, count: int, *, unknown: int | None = None, seed: int = 0) -> F32:
    """Write tracks of a month; returns (PEOPLE, WIDTH) of the known people, and seeds the same ones every time.

    Args:
        history: an empty one.
        count: tracks.
        unknown: tracks that are unknown, ``VISITS`` of each person; a share of them by default.
        seed: of the random draws.
    """
    faces = Faces(seed)
    known = faces.people(PEOPLE)
    unknown = round(count * UNKNOWN) if unknown is None else unknown
    strangers = faces.people(max(1, unknown // VISITS))
    is_unknown = faces.rng.permutation(count) < unknown
    start, step = to_us(_NOON), dt.timedelta(days=DAYS) // dt.timedelta(microseconds=1) // count
    with history.writing() as connection:
        run = insert_run(connection, _NOON, MODEL, (KNOWN, 0.08))
    span: Span | None = None
    begins = [0, *range(_FIRST, count, _BLOCK), count]
    for begin, end in itertools.pairwise(begins):
        numbers = np.arange(begin, end)
        stranger = is_unknown[numbers]
        who = np.where(stranger, faces.rng.integers(0, len(strangers), len(numbers)), numbers % PEOPLE)
        bodies = np.where(stranger[:, None], strangers[who % len(strangers)], known[who % PEOPLE])
        kept = np.where(faces.rng.random(len(numbers)) < FULL, SAMPLES, 1)
        owners = np.repeat(np.arange(len(numbers)), kept)
        vectors = faces.photos(bodies[owners])
        with history.writing() as connection:
            rows = _track_rows(run, numbers, stranger, who, start, step)
            connection.execute(sa.insert(table), list(rows))
            connection.execute(sa.insert(samples), _sample_rows(history, begin, owners, vectors, start, step, span))
        while begin == 0 and tidy(history, MODEL):  # as a run does
            with history.reading() as connection:
                span = span_of(history, connection, MODEL)
    return known


def _track_rows(run: int, numbers: Any, stranger: Any, who: Any, start: int, step: int) -> Iterator[dict[str, Any]]:
    for number, is_stranger, person in zip(numbers.tolist(), stranger.tolist(), who.tolist(), strict=True):
        name = None if is_stranger else f"Person {person:03d}"
        yield {
            "id": number + 1,
            "run_id": run,
            "source": f"camera {number % SOURCES}",
            "number": number + 1,
            "began_us": start + number * step,
            "ended_us": start + number * step + step,
            "at_s": number * step / 1e6,
            "status": "unknown" if is_stranger else "known",
            "person": name,
            "nearest": name or "Person 001",
            "similarity": 0.2 if is_stranger else 0.6,
            "margin": 0.3,
            "reasons": '["similarity 0.61 to Person 001, wanted 0.42", "evidence 0.72 of 0.50 (4 samples)"]',
            "frames": 60,
            "corrected": 0,
        }


def _sample_rows(
    history: Database, begin: int, owners: Any, vectors: F32, start: int, step: int, span: Span | None
) -> list[dict[str, Any]]:
    ranks: dict[int, int] = {}
    rows = []
    for owner, vector in zip(owners.tolist(), packed_rows(vectors, span), strict=True):
        rank = ranks[owner] = ranks.get(owner, -1) + 1
        quality = {"eyes_px": 40.25, "sharpness": 91.5, "yaw_deg": 5.1, "roll_deg": 0.3, "score": 0.993}
        sealed = history.cipher.seal(vector)
        at_us = start + (begin + owner) * step
        rows.append({"track_id": begin + owner + 1, "rank": rank, "at_us": at_us, "vector": sealed, **quality})
    return rows
