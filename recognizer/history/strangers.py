"""The strangers whom a history has seen: one mean face of each, for measuring how alike they are to enrolled people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from recognizer.geometry import unit
from recognizer.history.database import Database
from recognizer.history.records import Selection
from recognizer.history.schema import UNKNOWN, clusters, runs, samples, tracks
from recognizer.history.spans import open_vector
from recognizer.history.tracks import conditions
from recognizer.types import F32

MOST_TRACKS = 20_000
"""Newest tracks that are read: 10,000 strangers make an interval of a tenth of a FPIR of 1 % (rule of three)."""
_AT_ONCE = 500
"""Numbers in one condition of a statement."""


@dataclass(frozen=True, slots=True, eq=False)
class Stranger:
    """Somebody without a name: one cluster of unknown tracks, or an unknown track that is in none."""

    track_ids: tuple[int, ...]
    vector: F32
    """(D,) mean of the samples, of unit length."""
    crop: tuple[int, int] | None
    """Track and rank of a picture that was kept."""


def read_strangers(
    database: Database, *, model: str, since: dt.datetime, without: Collection[int] = (), most: int = MOST_TRACKS
) -> list[Stranger]:
    """Read the unknown people of a time span; those that were discarded as no face do not count.

    Args:
        database: the history.
        model: fingerprint; only vectors of one model can be compared.
        since: tracks that ended from then on count.
        without: tracks to drop.
        most: only so many of the newest tracks.

    Raises:
        HistoryError: if the history cannot be read.
    """
    of_run = runs.c.id == tracks.c.run_id + 0  # else SQLite goes through all tracks of the run
    query = sa.select(tracks.c.id, tracks.c.cluster_id).join(runs, of_run)
    query = query.outerjoin(clusters, clusters.c.id == tracks.c.cluster_id)
    query = query.where(UNKNOWN, runs.c.model == model, *conditions(Selection(since=since)))
    query = query.where(sa.func.coalesce(clusters.c.state, "open") != "discarded")
    query = query.order_by(tracks.c.began_us.desc(), tracks.c.id.desc()).limit(most)
    of_track: dict[int, Any] = {}
    with database.reading() as connection:
        left_out = set(without)
        found = {row.id: row.cluster_id for row in connection.execute(query) if row.id not in left_out}
        ids = list(found)
        for begin in range(0, len(ids), _AT_ONCE):
            columns = (samples.c.track_id, samples.c.rank, samples.c.vector, samples.c.crop.is_not(None).label("shown"))
            wanted = samples.c.track_id.in_(ids[begin : begin + _AT_ONCE])
            for row in connection.execute(
                sa.select(*columns).where(wanted).order_by(samples.c.track_id, samples.c.rank)
            ):
                total, crop = of_track.get(row.track_id, (np.float32(0), None))
                vector = open_vector(database, row.vector)
                of_track[row.track_id] = total + vector, (row.track_id, row.rank) if row.shown and not crop else crop
    people: dict[tuple[str, int], list[int]] = {}
    for track, cluster in found.items():
        if track in of_track:
            people.setdefault(("track", track) if cluster is None else ("cluster", cluster), []).append(track)
    return [
        Stranger(
            tuple(own),
            unit(np.sum([of_track[track][0] for track in own], axis=0, dtype=np.float32)),
            next((crop for track in own if (crop := of_track[track][1]) is not None), None),
        )
        for own in people.values()
    ]
