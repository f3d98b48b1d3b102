"""Search the tracks of a large history by a face: their mean vectors are kept in memory, a byte for each number."""

from __future__ import annotations

import threading

import numpy as np
import sqlalchemy as sa
from loguru import logger
from numpy.typing import NDArray

from recognizer.errors import HistoryError
from recognizer.history import face_blocks
from recognizer.history.collector import SAVED_AGAIN_US
from recognizer.history.database import Database
from recognizer.history.face_rows import FaceRows, joined, read_rows
from recognizer.history.records import Selection
from recognizer.history.rows import to_us
from recognizer.history.schema import tracks
from recognizer.history.spans import load_bases
from recognizer.types import F32, I64

_PART = 4096
"""Rows to which a part grows, as many as a block has; adding one copies 0.9 MB at most."""


class FaceIndex:
    """The mean vector of each track that one model saw; brought up to date by every search.

    One million tracks take 0.22 GB with EdgeFace XS, whose vectors fill 192 dimensions, and 0.54 GB with a model whose
    vectors fill all 512. Blocks in the database make reading them short (``face_blocks``); the first ``update`` writes
    those that are missing. Safe to use from several threads.

    Args:
        model: fingerprint.
    """

    def __init__(self, *, model: str) -> None:
        self.model = model
        self.is_loaded = False
        """Whether it was read once: a search is soon done then."""
        self._lock = threading.Lock()
        self._parts: list[FaceRows] = []
        self._bases: dict[int, F32] = {}
        """Of spans, by number."""
        self._last = self._newest = self._tracks = 0

    def __len__(self) -> int:
        """Return the number of tracks."""
        return sum(map(len, self._parts))

    def update(self, database: Database) -> None:
        """Read what is new, and drop what was deleted.

        Raises:
            HistoryError: if the database cannot be read, or a value was altered.
        """
        with self._lock:
            self._update(database)

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
            self._update(database)
            probes = {0: vector} | {span: basis @ vector for span, basis in self._bases.items()}
            found = [_fitting(part, probes[part.span], selection) for part in self._parts]
        if not found:
            return []
        ids, cosines = (np.concatenate(each) for each in zip(*found, strict=True))
        best = np.argpartition(cosines, -count)[-count:] if len(cosines) > count else np.arange(len(cosines))
        return [int(track) for track in ids[best[np.argsort(-cosines[best])]]]

    def _update(self, database: Database) -> None:
        if not self.is_loaded:
            try:
                face_blocks.fill(database, self.model)
            except HistoryError as error:  # who may only read it searches it all the same
                logger.debug("history: blocks of faces are not written: {}", error)
        with database.reading() as connection:
            if not self.is_loaded:
                self._load(connection, database)
            else:
                self._read_new(connection, database)
            spans = {part.span for part in self._parts}
            if not spans - {0} <= self._bases.keys():
                self._bases = load_bases(database, connection, spans)
            self.is_loaded = True

    def _load(self, connection: sa.Connection, database: Database) -> None:
        self._parts, numbers = [], set()
        for number, rows in face_blocks.read(connection, database, self.model):
            numbers.add(number)
            self._add(rows)
        self._tracks, self._last = _counted(connection)
        first = connection.execute(sa.select(sa.func.min(tracks.c.id))).scalar() or 0
        blocks = range(first // face_blocks.TRACKS, self._last // face_blocks.TRACKS + 1)
        for number in sorted(set(blocks) - numbers):
            for rows in read_rows(connection, database, self.model, face_blocks.of_block(number)):
                self._add(rows)

    def _read_new(self, connection: sa.Connection, database: Database) -> None:
        last = self._last
        # id + 0: else SQLite goes through all tracks by their ids
        again = sa.and_(tracks.c.id + 0 <= last, tracks.c.ended_us >= self._newest - SAVED_AGAIN_US)
        for rows in read_rows(connection, database, self.model, again):
            self._remove(rows.ids)
            self._add(rows)
        for rows in read_rows(connection, database, self.model, tracks.c.id > last):
            self._add(rows)
        new = connection.execute(sa.select(sa.func.count()).where(tracks.c.id > last)).scalar_one()
        count, self._last = _counted(connection)
        if count - new != self._tracks:
            self._drop_deleted(connection)
        self._tracks = count

    def _add(self, rows: FaceRows) -> None:
        if not len(rows):
            return
        self._newest = max(self._newest, int(rows.ended_us.max()))
        if self._parts and self._parts[-1].span == rows.span and len(self._parts[-1]) + len(rows) <= _PART:
            rows = joined(self._parts.pop(), rows)
        self._parts.append(rows)

    def _remove(self, ids: I64) -> None:
        """Drop tracks; their vectors are no longer in memory."""
        first, last = ids.min(), ids.max()
        for place, part in enumerate(self._parts):
            if part.ids.min() <= last and part.ids.max() >= first and (gone := np.isin(part.ids, ids)).any():
                self._parts[place] = part.where(~gone)
        self._parts = [part for part in self._parts if len(part)]

    def _drop_deleted(self, connection: sa.Connection) -> None:
        kept = np.fromiter(connection.execute(sa.select(tracks.c.id)).scalars(), np.int64)
        parts = (part.where(np.isin(part.ids, kept)) for part in self._parts)
        self._parts = [part for part in parts if len(part)]


def _counted(connection: sa.Connection) -> tuple[int, int]:
    """Return the number of tracks, and the largest id."""
    count = connection.execute(sa.select(sa.func.count()).select_from(tracks)).scalar_one()
    return int(count), int(connection.execute(sa.select(sa.func.max(tracks.c.id))).scalar() or 0)


def _fitting(part: FaceRows, probe: F32, selection: Selection) -> tuple[I64, F32]:
    """Return the tracks of a part that a selection allows, and their cosines."""
    fits: NDArray[np.bool_] = np.ones(len(part), np.bool_)
    if selection.since is not None:
        fits &= part.ended_us >= to_us(selection.since)
    if selection.until is not None:
        fits &= part.began_us < to_us(selection.until)
    if selection.source is not None:
        place = part.sources.index(selection.source) if selection.source in part.sources else -1
        fits &= part.source == place
    if not fits.any():
        return part.ids[fits], np.empty(0, np.float32)
    return part.ids[fits], part.cosines(probe)[fits]
