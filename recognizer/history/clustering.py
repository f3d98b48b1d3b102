"""Put unknown tracks into clusters: all of them at first, later only new ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa

from recognizer.geometry import unit
from recognizer.history import actions
from recognizer.history.collector import SAVED_AGAIN_US
from recognizer.history.database import Database
from recognizer.history.linkage import Linkage
from recognizer.history.rows import insert_row
from recognizer.history.schema import UNKNOWN, clusters, runs, samples, tracks
from recognizer.history.schema import actions as recorded
from recognizer.history.spans import open_vectors
from recognizer.history.subspace import basis_of, is_inside
from recognizer.types import F32

_LOAD_AGAIN_S = 3600.0
"""Also what was deleted is noticed after this time."""
_READ = 8192
"""Samples read at once: 16 MB."""


class _Span(NamedTuple):
    track_id: int
    began_us: int
    ended_us: int


@dataclass(frozen=True, slots=True)
class _Face:
    track_id: int
    cluster_id: int | None
    run_id: int
    source: str
    began_us: int
    ended_us: int
    vector: F32
    """Mean of the samples, (D,) of unit length."""

    @property
    def place(self) -> tuple[int, str]:
        """Of two tracks of one place, one source of one run, it is known whether they were there at the same time."""
        return self.run_id, self.source

    @property
    def span(self) -> _Span:
        return _Span(self.track_id, self.began_us, self.ended_us)


class Clustering:
    """The clusters of unknown tracks that one model saw, kept in memory between updates.

    Two tracks that one source showed at one time are never in one cluster, and a track that was moved out of a cluster
    does not come back by itself. Safe to use from several threads.

    Args:
        model: fingerprint; only its tracks are compared.
        threshold: mean cosine from which two clusters are one.
    """

    def __init__(self, *, model: str, threshold: float) -> None:
        self._model = model
        self._threshold = threshold
        self._lock = threading.Lock()
        self._linkage: Linkage | None = None
        self._basis: F32 | None = None
        self._all_dimensions = False
        self._state: tuple[int, ...] = ()
        self._loaded_at = 0.0
        self._last = self._newest = 0
        """Largest id and latest end, us, of the tracks that were read."""
        self._spans: dict[tuple[int, str], list[_Span]] = {}
        self._split: list[tuple[int, set[int]]] = []

    def update(self, database: Database) -> int:
        """Put tracks that are new into clusters, old ones or new ones; old clusters stay as they are.

        Returns:
            Number of tracks that were new.

        Raises:
            HistoryError: if the database cannot be read or written, or a value was altered.
        """
        with self._lock:
            try:
                return self._update(database)
            except BaseException:
                self._linkage = None  # it may hold what was not written
                raise

    def _update(self, database: Database) -> int:
        with database.reading() as connection:
            is_old = time.monotonic() - self._loaded_at > _LOAD_AGAIN_S
            if self._linkage is None or is_old or _state(connection) != self._state:
                self._load(connection, database)
            new = self._new(connection, database)
        if not new:
            return 0
        vectors = np.stack([face.vector for face in new])
        if self._basis is None:
            self._basis = basis_of(vectors)
        elif len(self._basis) < vectors.shape[1] and not is_inside(vectors, self._basis):
            self._all_dimensions, self._linkage = True, None
            return self._update(database)
        linkage = self._linkage = self._linkage or Linkage(threshold=self._threshold)
        fresh = range(-len(new), 0)
        for key, face, vector in zip(fresh, new, vectors @ self._basis.T, strict=True):
            linkage.put(key, [face.track_id], vector[None])
        self._set_apart(new)
        for track, others in self._split:
            linkage.set_apart(track, others)
        changed = linkage.join(fresh)
        ids = {face.track_id for face in new}
        self._write(database, {key: [track for track in linkage.members()[key] if track in ids] for key in changed})
        self._last = max(self._last, *ids)
        self._newest = max(self._newest, *(face.ended_us for face in new))
        return len(new)

    def _write(self, database: Database, found: Mapping[int, Sequence[int]]) -> None:
        """Write the clusters of new tracks; keys below 0 get numbers of the database."""
        numbers: dict[int, int] = {}
        with database.writing() as connection:  # as short as can be: a run writes, too
            for key in found:
                if key < 0:
                    numbers[key] = insert_row(connection, clusters, {"state": "open"})
            moved = [
                {"track": track, "cluster": numbers.get(key, key)}
                for key, members in found.items()
                for track in members
            ]
            statement = sa.update(tracks).where(tracks.c.id == sa.bindparam("track"), tracks.c.cluster_id.is_(None))
            done = connection.execute(statement.values(cluster_id=sa.bindparam("cluster")), moved)
            self._state = _state(connection)
        for key, number in numbers.items():
            if self._linkage is not None:
                self._linkage.rename(key, number)
        if done.rowcount != len(moved):  # another process did the same at this moment
            self._linkage = None

    def _load(self, connection: sa.Connection, database: Database) -> None:
        """Read the tracks that are in clusters already."""
        self._state, self._loaded_at = _state(connection), time.monotonic()
        self._linkage = Linkage(threshold=self._threshold)
        self._basis, self._last, self._newest, self._spans, self._split = None, 0, 0, {}, []
        old: dict[int, list[_Face]] = {}
        for face in _faces(connection, database, self._model, tracks.c.cluster_id.is_not(None)):
            old.setdefault(face.cluster_id or 0, []).append(face)
        if not old:
            return
        everything = [face for members in old.values() for face in members]
        vectors = np.stack([face.vector for face in everything])
        self._basis = np.eye(vectors.shape[1], dtype=np.float32) if self._all_dimensions else basis_of(vectors)
        if not is_inside(vectors, self._basis):
            self._basis = np.eye(vectors.shape[1], dtype=np.float32)
        rows, at = vectors @ self._basis.T, 0
        for key, members in old.items():
            self._linkage.put(key, [face.track_id for face in members], rows[at : at + len(members)])
            at += len(members)
        self._set_apart(everything)
        moved = [change for change in actions.changes_of(connection, "split") if change.column == "cluster_id"]
        self._split = [
            (change.id, {face.track_id for face in old.get(change.before, ())} - {change.id}) for change in moved
        ]

    def _new(self, connection: sa.Connection, database: Database) -> list[_Face]:
        if self._last == 0:
            return _faces(connection, database, self._model, tracks.c.cluster_id.is_(None))
        found: dict[int, _Face] = {}
        for condition in (tracks.c.id > self._last, tracks.c.ended_us >= self._newest - SAVED_AGAIN_US):
            for face in _faces(connection, database, self._model, condition):
                if face.cluster_id is None:  # no condition of the query: the database would scan all that have none
                    found[face.track_id] = face
        return list(found.values())

    def _set_apart(self, faces: Sequence[_Face]) -> None:
        """Keep tracks apart that one source showed at the same time: they are different people."""
        first = min(face.began_us for face in faces)
        spans = {
            place: [face for face in self._spans.get(place, ()) if face.ended_us > first]
            for place in {face.place for face in faces}
        }
        for face in sorted(faces, key=lambda face: face.began_us):
            here = spans[face.place] = [one for one in spans[face.place] if one.ended_us > face.began_us]
            beside = {one.track_id for one in here if one.began_us < face.ended_us}
            if self._linkage is not None:
                self._linkage.set_apart(face.track_id, beside)
            here.append(face.span)
            self._spans.setdefault(face.place, []).append(face.span)


def update_clusters(database: Database, *, model: str, threshold: float) -> int:
    """Put unknown tracks that are new into clusters, once; see ``Clustering``, which remembers what it read.

    Returns:
        Number of tracks that were new.
    """
    with database.reading() as connection:
        new = _of_model(sa.select(tracks.c.id), model).where(tracks.c.cluster_id.is_(None)).limit(1)
        if connection.execute(new).first() is None:
            return 0
    return Clustering(model=model, threshold=threshold).update(database)


def _state(connection: sa.Connection) -> tuple[int, ...]:
    """Return what changes with every action, and with every cluster that another process makes."""
    query = sa.select(
        sa.select(sa.func.max(recorded.c.id)).scalar_subquery(),
        sa.select(sa.func.count(recorded.c.undone_us)).scalar_subquery(),
        sa.select(sa.func.max(clusters.c.id)).scalar_subquery(),
    )
    return tuple(value or 0 for value in connection.execute(query).one())


def _of_model(query: sa.Select[Any], model: str) -> sa.Select[Any]:
    """Restrict a query of tracks to unknown ones that a model saw, with samples."""
    of_run = runs.c.id == tracks.c.run_id + 0  # else SQLite goes through all tracks of the run for a few new ones
    joined = query.join(samples, samples.c.track_id == tracks.c.id).join(runs, of_run)
    return joined.where(UNKNOWN, runs.c.model == model)


def _faces(connection: sa.Connection, database: Database, model: str, condition: sa.ColumnElement[bool]) -> list[_Face]:
    columns = (tracks.c.id, tracks.c.cluster_id, tracks.c.run_id, tracks.c.source, tracks.c.began_us, tracks.c.ended_us)
    query = _of_model(sa.select(*columns, samples.c.vector), model).where(condition).order_by(tracks.c.id)
    rows: dict[int, sa.Row[Any]] = {}
    sums: dict[int, F32] = {}
    for part in connection.execute(query.execution_options(stream_results=True)).partitions(_READ):
        for row, vector in zip(part, open_vectors(database, [row.vector for row in part]), strict=True):
            rows[row.id] = row
            sums[row.id] = sums.get(row.id, np.float32(0)) + vector
    return [
        _Face(row.id, row.cluster_id, row.run_id, row.source, row.began_us, row.ended_us, unit(sums[row.id]))
        for row in rows.values()
    ]
