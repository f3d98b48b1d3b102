"""Find the tracks that show one face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from recognizer.errors import HistoryError
from recognizer.geometry import unit
from recognizer.history.database import Database
from recognizer.history.face_index import FaceIndex
from recognizer.history.records import Seen, Selection
from recognizer.history.schema import runs, samples, tracks
from recognizer.history.spans import open_vectors
from recognizer.history.tracks import by_ids, conditions
from recognizer.types import F32

_CHUNK = 8192
"""Vectors compared at once: 8 MB of float16."""
_CANDIDATES = 256
"""Tracks whose means are nearest, all samples of which are compared."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A track that resembles the face."""

    track: Seen
    similarity: float
    """Largest cosine of a sample of the track to the face, [-1, 1]."""


def search_face(
    database: Database,
    vector: F32,
    *,
    model: str,
    from_similarity: float,
    selection: Selection,
    limit: int,
    index: FaceIndex | None = None,
) -> list[Hit]:
    """Compare a face with every kept sample; return the most similar tracks first.

    With an index, only samples of tracks whose mean is similar are compared, as many tracks as the limit, 256 at least.

    Args:
        database: the history.
        vector: (D,) of unit length.
        model: fingerprint of its model; tracks of other models are not compared.
        from_similarity: cosine from which a track is a hit.
        selection: restricts the tracks.
        limit: most hits.
        index: of the model; without one, every sample is read.

    Raises:
        HistoryError: if no track of this model was kept, or the database cannot be read.
    """
    query = (
        sa.select(samples.c.track_id, samples.c.vector)
        .join(tracks, tracks.c.id == samples.c.track_id)
        .join(runs, runs.c.id == tracks.c.run_id)
        .where(runs.c.model == model)
    )
    if index is None:
        queries = [query.where(*conditions(selection))]
    else:
        if selection.person is not None or selection.status is not None:
            raise ValueError("search_face: an index is searched by source and time only.")
        found = index.candidates(database, vector, selection, count=max(limit, _CANDIDATES))
        parts = [found[start : start + _CANDIDATES] for start in range(0, len(found), _CANDIDATES)]
        # without the conditions that the index has heeded: SQLite would go through all tracks of a source or a time
        queries = [query.where(tracks.c.id.in_(part)) for part in parts]
    best: dict[int, float] = {}
    compared = 0
    with database.reading() as connection:
        for each in queries:
            for part in connection.execute(each.execution_options(stream_results=True)).partitions(_CHUNK):
                compared += len(part)
                similarities = open_vectors(database, [row.vector for row in part]) @ vector
                for row, similarity in zip(part, similarities.tolist(), strict=True):
                    if similarity >= from_similarity and similarity > best.get(row.track_id, -1.0):
                        best[row.track_id] = similarity
        if not compared and not _has_model(connection, model):
            raise HistoryError(
                f"No track in {database.place} was seen with the model {model}; vectors of other models cannot be "
                "compared with it."
            )
    ranked = sorted(best.items(), key=lambda item: -item[1])[:limit]
    seen = by_ids(database, [track_id for track_id, _ in ranked])
    return [Hit(seen[track_id], similarity) for track_id, similarity in ranked if track_id in seen]


def vector_of_track(database: Database, track_id: int) -> tuple[F32, str, float]:
    """Return the mean vector of a track's samples, of unit length, its model, and what a name needed with it.

    Raises:
        HistoryError: if there is no such track, or nothing of it was kept.
    """
    query = (
        sa.select(samples.c.vector, runs.c.model, runs.c.known)
        .join(tracks, tracks.c.id == samples.c.track_id)
        .join(runs, runs.c.id == tracks.c.run_id)
        .where(tracks.c.id == track_id)
    )
    with database.reading() as connection:
        rows = connection.execute(query).all()
    if not rows:
        raise HistoryError(f"There is no face of a track {track_id}; 'history list' lists the tracks.")
    vectors = open_vectors(database, [row.vector for row in rows])
    return unit(np.asarray(vectors.sum(axis=0), np.float32)), rows[0].model, rows[0].known


def _has_model(connection: sa.Connection, model: str) -> bool:
    """Whether any track was seen with the model, so that only the selection left none."""
    query = sa.select(sa.func.count()).select_from(tracks.join(runs)).where(runs.c.model == model)
    return bool(connection.execute(query).scalar_one())
