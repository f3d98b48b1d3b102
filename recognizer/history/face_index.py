"""Search the tracks of a large history by a face: their mean vectors are kept in memory.

Nothing of it is written to disk, so that an encrypted history stays encrypted and what is deleted stays deleted.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import sqlalchemy as sa

from recognizer.geometry import unit_rows
from recognizer.history.collector import SAVED_AGAIN_US
from recognizer.history.database import Database
from recognizer.history.records import Selection
from recognizer.history.rows import to_us
from recognizer.history.schema import runs, samples, tracks
from recognizer.history.spans import open_vectors
from recognizer.history.subspace import basis_of, is_inside
from recognizer.types import F32, I64

_BLOCK = 65_536
"""Rows of a part of the matrix: it grows without being copied."""
_READ = 8192
"""Samples read at once: 8 MB."""


class FaceIndex:
    """The mean vector of each track that one model saw; brought up to date by every search.

    One million tracks take 0.8 GB with EdgeFace XS, whose vectors fill 192 dimensions, and 2 GB with a model whose
    vectors fill all 512. Safe to use from several threads.

    Args:
        model: fingerprint.
    """

    def __init__(self, *, model: str) -> None:
        self.model = model
        self.is_loaded = False
        """Whether it was read once: a search is soon done then."""
        self._lock = threading.Lock()
        self._clear()

    def _clear(self) -> None:
        self._basis: F32 | None = None
        self._parts: list[F32] = []
        self._rows = np.empty((4, 0), np.int64)
        """(4, capacity) track, beginning, end, source; track -1 where it was deleted."""
        self._used = self._last = self._newest = self._tracks = 0
        self._sources: dict[str, int] = {}

    def __len__(self) -> int:
        """Return the number of tracks."""
        return int((self._rows[0, : self._used] >= 0).sum())

    def update(self, database: Database) -> None:
        """Read what is new, and drop what was deleted.

        Raises:
            HistoryError: if the database cannot be read, or a value was altered.
        """
        with self._lock, database.reading() as connection:
            self._update(connection, database)

    def candidates(self, database: Database, vector: F32, selection: Selection, *, count: int) -> list[int]:
        """Return the tracks whose mean is most similar to a face, the most similar first.

        Args:
            database: the history.
            vector: (D,) of unit length.
            selection: only its source and times are heeded here.
            count: most tracks.

        Raises:
            HistoryError: if the database cannot be read, or a value was altered.
        """
        with self._lock:
            with database.reading() as connection:
                self._update(connection, database)
            if self._basis is None:
                return []
            probe = self._basis @ vector
            # `@` would use several threads, which wait for each other on a busy machine
            cosines = np.concatenate([np.vecdot(part, probe) for part in self._parts])[: self._used]
            rows = self._rows[:, : self._used]
            cosines[~self._fits(rows, selection)] = -2.0
            best = np.argpartition(cosines, -count)[-count:] if len(cosines) > count else np.arange(len(cosines))
            best = best[np.argsort(-cosines[best])]
            return [int(key) for key in rows[0, best[cosines[best] > -2.0]]]

    def _fits(self, rows: I64, selection: Selection) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        fits = np.asarray(rows[0] >= 0)
        if selection.since is not None:
            fits &= rows[2] >= to_us(selection.since)
        if selection.until is not None:
            fits &= rows[1] < to_us(selection.until)
        if selection.source is not None:
            fits &= rows[3] == self._sources.get(selection.source, -1)
        return fits

    def _update(self, connection: sa.Connection, database: Database) -> None:
        last = self._last
        again = sa.and_(tracks.c.id <= last, tracks.c.ended_us >= self._newest - SAVED_AGAIN_US)
        for details, means in self._read(connection, database, again):
            self._put(details, means, known=self._rows[0, : self._used])
        for details, means in self._read(connection, database, tracks.c.id > last):
            self._put(details, means)
        count = connection.execute(sa.select(sa.func.count()).select_from(tracks)).scalar_one()
        newest = connection.execute(sa.select(sa.func.max(tracks.c.id))).scalar() or 0
        new = connection.execute(sa.select(sa.func.count()).where(tracks.c.id > last)).scalar_one()
        if count - new != self._tracks:
            self._drop_deleted(connection)
        self._tracks, self._last, self.is_loaded = count, newest, True

    def _read(
        self, connection: sa.Connection, database: Database, condition: sa.ColumnElement[bool]
    ) -> Iterator[tuple[I64, F32]]:
        """Yield (N, 4) details of tracks and their (N, D) means, of unit length."""
        query = (
            sa.select(tracks.c.id, tracks.c.began_us, tracks.c.ended_us, tracks.c.source, samples.c.vector)
            .join(samples, samples.c.track_id == tracks.c.id)
            .join(runs, runs.c.id == tracks.c.run_id + 0)  # else SQLite goes through all tracks of a run for a few
            .where(runs.c.model == self.model, condition)
            .order_by(tracks.c.id)
        )
        waiting: list[Any] = []
        for part in connection.execute(query.execution_options(stream_results=True)).partitions(_READ):
            waiting += part
            complete = next((n for n in range(len(waiting), 0, -1) if waiting[n - 1].id != waiting[-1].id), 0)
            if complete:  # the last track may have more samples in the next part
                yield self._means(waiting[:complete], database)
                waiting = waiting[complete:]
        if waiting:
            yield self._means(waiting, database)

    def _means(self, rows: list[Any], database: Database) -> tuple[I64, F32]:
        vectors = open_vectors(database, [row.vector for row in rows])
        starts = np.flatnonzero(np.diff([row.id for row in rows], prepend=-1))
        sums = np.add.reduceat(vectors, starts, axis=0)
        means = unit_rows(sums)
        first = [rows[start] for start in starts.tolist()]
        details = [(row.id, row.began_us, row.ended_us, self._source(row.source)) for row in first]
        return np.array(details, np.int64), means

    def _source(self, source: str) -> int:
        return self._sources.setdefault(source, len(self._sources))

    def _put(self, details: I64, means: F32, known: I64 | None = None) -> None:
        """Add tracks, or replace those that are among the known ones."""
        self._newest = max(self._newest, int(details[:, 2].max()))
        if self._basis is None:
            self._basis = basis_of(means)
        elif len(self._basis) < means.shape[1] and not is_inside(means, self._basis):
            self._widen()
        there = [] if known is None else np.flatnonzero(np.isin(known, details[:, 0])).tolist()
        old = {int(self._rows[0, place]): place for place in there}
        for detail, row in zip(details, means @ self._basis.T, strict=True):
            place = old.get(int(detail[0]), self._used)
            if place == self._used:
                self._grow()
            self._rows[:, place] = detail
            self._parts[place // _BLOCK][place % _BLOCK] = row

    def _widen(self) -> None:
        """Keep all dimensions from now on: a kind of vector came that the first ones did not have."""
        if self._basis is not None:
            self._parts = [part @ self._basis for part in self._parts]
            self._basis = np.eye(self._basis.shape[1], dtype=np.float32)

    def _grow(self) -> None:
        if self._used == len(self._parts) * _BLOCK and self._basis is not None:
            self._parts.append(np.zeros((_BLOCK, len(self._basis)), np.float32))
            self._rows = np.concatenate([self._rows, np.full((4, _BLOCK), -1, np.int64)], axis=1)
        self._used += 1

    def _drop_deleted(self, connection: sa.Connection) -> None:
        """Overwrite the vectors of tracks that are no longer in the history."""
        kept = np.fromiter(connection.execute(sa.select(tracks.c.id)).scalars(), np.int64)
        ids = self._rows[0, : self._used]
        for place in np.flatnonzero(~np.isin(ids, kept) & (ids >= 0)).tolist():
            ids[place] = -1
            self._parts[place // _BLOCK][place % _BLOCK] = 0
