"""The kept pictures of faces: of a track, and the best, most different ones of a cluster."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from recognizer.history.collector import worth_of
from recognizer.history.database import Database
from recognizer.history.rows import from_us
from recognizer.history.schema import UNKNOWN, samples, tracks
from recognizer.history.spans import open_vectors
from recognizer.types import FaceQuality

BEST = 5
"""Crops that stand for a cluster."""
HINT = "Runs keep crops with --crops, or history.crops: true in the settings, for history.crops_days days."
"""What to do where there is none."""
_COMPARED = 200
"""Crops of one cluster whose vectors are compared; with more tracks than that, the best ones of some."""
_AT_ONCE = 500
"""Numbers in one condition of a statement."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A kept picture of a face."""

    track_id: int
    at: dt.datetime
    jpeg: bytes
    """Of at most 160 px; encryption removed."""
    rank: int = 0
    """Of its sample, in its track."""


def crops_of_track(database: Database, track_id: int) -> list[Crop]:
    """Return the crops of a track, the best first; none where the run kept none, or they are too old.

    Raises:
        HistoryError: if the database cannot be read, or a crop was altered.
    """
    query = sa.select(samples).where(samples.c.track_id == track_id, samples.c.crop.is_not(None))
    with database.reading() as connection:
        return [_crop(database, row) for row in connection.execute(query.order_by(samples.c.rank))]


def best_crops(database: Database, cluster_id: int, *, count: int = BEST) -> list[Crop]:
    """Return the best, most different crops of a cluster of unknown tracks, the best first.

    Args:
        database: the history.
        cluster_id: see ``clusters.list_clusters``.
        count: most crops.

    Raises:
        HistoryError: as ``crops_of_track``.
    """
    with database.reading() as connection:
        query = sa.select(tracks.c.id).where(tracks.c.cluster_id == cluster_id, UNKNOWN)
        found = connection.execute(query).scalars().all()
    return best_crops_of_tracks(database, found, count=count)


def best_crops_of_tracks(database: Database, track_ids: Sequence[int], *, count: int = BEST) -> list[Crop]:
    """Return the best, most different crops of some tracks, the best first.

    The first crop has the best sample. Each next one is that whose worth x (1 - largest cosine to those before) is
    largest (after maximal marginal relevance, Carbonell and Goldstein 1998): a face that is turned another way, in
    another light.

    Args:
        database: the history.
        track_ids: of one person; tracks without crops add nothing.
        count: most crops.

    Raises:
        HistoryError: as ``crops_of_track``.
    """
    worth = _candidates(database, track_ids)
    query = sa.select(samples.c.id, samples.c.vector).where(samples.c.id.in_(list(worth)))
    with database.reading() as connection:
        rows = connection.execute(query).all()
    if not rows:
        return []
    vectors = open_vectors(database, [row.vector for row in rows])
    values = np.array([max(worth[row.id], 1e-6) for row in rows], np.float32)  # of a profile it is 0
    chosen: list[int] = []
    differs = np.ones(len(rows), np.float32)
    for _ in range(min(count, len(rows))):
        best = int(np.argmax(values * differs))
        chosen.append(best)
        differs = np.minimum(differs, 1 - vectors @ vectors[best])
        differs[chosen] = -1
    ids = [rows[place].id for place in chosen]
    with database.reading() as connection:
        found = connection.execute(sa.select(samples).where(samples.c.id.in_(ids), samples.c.crop.is_not(None))).all()
    crops = {row.id: _crop(database, row) for row in found}
    return [crops[key] for key in ids if key in crops]


def _candidates(database: Database, track_ids: Sequence[int]) -> Mapping[int, float]:
    """Return samples with crops and their worth: of each track the best one before any second one."""
    columns = [samples.c[name] for name in ("id", "track_id", "eyes_px", "sharpness", "yaw_deg", "roll_deg", "score")]
    of_track: dict[int, list[tuple[float, int]]] = {}
    with database.reading() as connection:
        for begin in range(0, len(track_ids), _AT_ONCE):
            some = track_ids[begin : begin + _AT_ONCE]
            query = sa.select(*columns).where(samples.c.track_id.in_(some), samples.c.crop.is_not(None))
            for row in connection.execute(query):
                of_track.setdefault(row.track_id, []).append((_worth(row), row.id))
    ranked: list[tuple[int, float, int]] = []
    for candidates in of_track.values():
        ordered = sorted(candidates, reverse=True)
        ranked += [(place, -worth, sample_id) for place, (worth, sample_id) in enumerate(ordered)]
    return {sample_id: -negative for _, negative, sample_id in sorted(ranked)[:_COMPARED]}


def _worth(row: sa.Row[Any]) -> float:
    return worth_of(FaceQuality.of(row.eyes_px, row.sharpness, row.yaw_deg, row.roll_deg, row.score))


def _crop(database: Database, row: sa.Row[Any]) -> Crop:
    return Crop(row.track_id, from_us(row.at_us), database.cipher.open(row.crop), row.rank)
