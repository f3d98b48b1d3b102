"""The mean faces of tracks in large pieces of the database, so that a search need not read each sample.

A block holds the tracks with ids from ``TRACKS * number`` on. It is written once they have ended, and deleted as a
whole when one of them is deleted or saved again; the next search or run writes it anew. So it lies where the samples
lie: deletion, encryption and backups of the history cover it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import numpy as np
import sqlalchemy as sa
from loguru import logger

from recognizer.errors import HistoryError
from recognizer.history.collector import SAVED_AGAIN_US
from recognizer.history.database import Database
from recognizer.history.face_rows import FaceRows, joined, read_rows
from recognizer.history.schema import face_blocks, tracks

TRACKS = 4096
"""Ids of a block: 0.9 MB with EdgeFace XS, which SQLite writes in some hundredths of a second."""
_NUMBERS = np.dtype([("id", "<i8"), ("began", "<i8"), ("ended", "<i8"), ("source", "<i4"), ("scale", "<f4")])


def fill(database: Database, model: str, *, most: int | None = None) -> int:
    """Write the blocks that are not there and whose tracks have ended; returns how many.

    Each is a transaction of its own, so that a run's writer waits for hundredths of a second.

    Args:
        database: the history.
        model: fingerprint.
        most: blocks that are written at most.

    Raises:
        HistoryError: if the database cannot be written, or a value was altered.
    """
    with database.reading() as connection:
        missing = _missing(connection, model)[:most]
    for number in missing:
        with database.writing() as connection:
            database.require_key(connection)
            blocks: dict[int, FaceRows] = {}
            for rows in read_rows(connection, database, model, of_block(number)):
                blocks[rows.span] = joined(blocks[rows.span], rows) if rows.span in blocks else rows
            there = sa.and_(face_blocks.c.model == model, face_blocks.c.number == number)
            connection.execute(sa.delete(face_blocks).where(there))  # another process may have come first
            for block in blocks.values() or [_EMPTY]:
                data = database.cipher.seal(_encoded(block))
                values = {"model": model, "number": number, "span": block.span, "data": data}
                connection.execute(sa.insert(face_blocks).values(values))
    return len(missing)


def read(connection: sa.Connection, database: Database, model: str) -> Iterator[tuple[int, FaceRows]]:
    """Yield the blocks of a model with their numbers, but damaged ones: their samples are there still.

    Raises:
        HistoryError: if the database cannot be read.
    """
    query = sa.select(face_blocks).where(face_blocks.c.model == model).order_by(face_blocks.c.number)
    with connection.execute(query.execution_options(yield_per=16)) as found:
        for row in found:
            try:
                rows = _decoded(row.span, database.cipher.open(row.data))
            except (HistoryError, ValueError, KeyError, TypeError):
                logger.warning(
                    "block {} of faces of the history {} is damaged and not used", row.number, database.place
                )
            else:
                yield row.number, rows


def drop(connection: sa.Connection, ids: Iterable[int]) -> None:
    """Delete the blocks of some tracks: to be called whenever their samples change or go."""
    numbers = {track // TRACKS for track in ids}
    connection.execute(sa.delete(face_blocks).where(face_blocks.c.number.in_(numbers)))


def of_block(number: int) -> sa.ColumnElement[bool]:
    """Condition of the tracks of a block."""
    return sa.and_(tracks.c.id >= number * TRACKS, tracks.c.id < (number + 1) * TRACKS)


def _missing(connection: sa.Connection, model: str) -> list[int]:
    """Return numbers of blocks that may be written, the newest first: runs write some of them only."""
    bounds = (sa.func.min(tracks.c.id), sa.func.max(tracks.c.id), sa.func.max(tracks.c.ended_us))
    # each by itself, as indexes answer them: together, SQLite goes through all tracks
    first, last, newest = connection.execute(sa.select(*(sa.select(each).scalar_subquery() for each in bounds))).one()
    if first is None:
        return []
    query = sa.select(face_blocks.c.number).where(face_blocks.c.model == model)
    there = set(connection.execute(query).scalars())
    lasting = sa.select(tracks.c.id).where(tracks.c.ended_us >= newest - SAVED_AGAIN_US)
    open_ = {track // TRACKS for track in connection.execute(lasting).scalars()}
    return [number for number in range(last // TRACKS - 1, first // TRACKS - 1, -1) if number not in there | open_]


def _encoded(rows: FaceRows) -> bytes:
    numbers = np.empty(len(rows), _NUMBERS)
    columns = (rows.ids, rows.began_us, rows.ended_us, rows.source, rows.scales)
    for name, values in zip(_NUMBERS.names or (), columns, strict=True):
        numbers[name] = values
    header = json.dumps({"tracks": len(rows), "sources": rows.sources}).encode()
    return b"".join([len(header).to_bytes(4, "little"), header, numbers.tobytes(), rows.codes.tobytes()])


def _decoded(span: int, data: bytes) -> FaceRows:
    begin = 4 + int.from_bytes(data[:4], "little")
    header = json.loads(data[4:begin])
    count, sources = int(header["tracks"]), tuple(map(str, header["sources"]))
    numbers = np.frombuffer(data, _NUMBERS, count, begin)
    codes = np.frombuffer(data, np.int8, offset=begin + numbers.nbytes).reshape(count, -1) if count else _EMPTY.codes
    ids, began, ended, source, scales = (np.ascontiguousarray(numbers[name]) for name in _NUMBERS.names or ())
    return FaceRows(span, ids, began, ended, sources, source, codes, scales)


_NONE = np.empty(0, np.int64)
_EMPTY = FaceRows(0, _NONE, _NONE, _NONE, (), np.empty(0, np.int32), np.empty((0, 0), np.int8), np.empty(0, np.float32))
