"""Keep a history below a size: the oldest unknown tracks go first, then crops, then the oldest known tracks."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from loguru import logger

from recognizer.errors import HistoryError
from recognizer.history.archive import remove_videos
from recognizer.history.database import Database
from recognizer.history.retention import delete_tracks
from recognizer.history.schema import NAMED, files, samples, tracks

_FROM, _TO = 0.95, 0.85
"""Shares of the limit from which, and down to which, is deleted; what comes until the next time has room then."""
_BATCH = 500
"""Tracks of one transaction, so that a run's writer waits for hundredths of a second."""
_TRACK_BYTES, _SAMPLE_BYTES = 700, 120
"""Of a row with its indexes, without vector and crop; measured on histories of the street clip."""


def shrink(database: Database, max_mb: float) -> int:
    """Delete what is oldest, until the history is smaller than a limit; returns the number of tracks deleted.

    Args:
        database: the history.
        max_mb: the limit, MB of 2^20 bytes. In SQLite the pages in use count, and a file that is still larger is
            rewritten; in PostgreSQL the rows count, and autovacuum frees their space.

    Raises:
        HistoryError: if the database cannot be written.
    """
    limit = max_mb * 2**20
    if _used_bytes(database) < _FROM * limit:
        return 0
    deleted = _delete_oldest(database, sa.not_(NAMED), lambda: _used_bytes(database) < _TO * limit)
    _drop_crops(database, lambda: _used_bytes(database) < _TO * limit)
    deleted += _delete_oldest(database, NAMED, lambda: _used_bytes(database) < _TO * limit)
    if database.file is not None and _file_bytes(database) > limit:
        try:
            database.rewrite()
        except HistoryError as error:  # somebody reads it: the next time will do
            logger.debug("history: not rewritten: {}", error)
    return deleted


def _delete_oldest(database: Database, which: sa.ColumnElement[bool], is_enough: Callable[[], bool]) -> int:
    deleted = 0
    while not is_enough():
        with database.writing() as connection:
            query = sa.select(tracks.c.id).where(which).order_by(tracks.c.ended_us).limit(_BATCH)
            ids = connection.execute(query).scalars().all()
            of_videos = sa.select(files.c.path).join(tracks, tracks.c.run_id == files.c.run_id)
            paths = connection.execute(of_videos.where(tracks.c.id.in_(ids)).distinct()).scalars().all()
            remove_videos(connection, paths)  # a video stands there whole, or not at all
            delete_tracks(connection, ids)
        if not ids:
            break
        deleted += len(ids)
    return deleted


def _drop_crops(database: Database, is_enough: Callable[[], bool]) -> None:
    last = (-1, -1)
    while not is_enough():
        later = sa.tuple_(tracks.c.ended_us, tracks.c.id) > sa.tuple_(*last)
        query = sa.select(tracks.c.ended_us, tracks.c.id).where(later).order_by(tracks.c.ended_us, tracks.c.id)
        with database.writing() as connection:
            rows = connection.execute(query.limit(_BATCH)).all()
            with_crop = sa.and_(samples.c.track_id.in_([row.id for row in rows]), samples.c.crop.is_not(None))
            connection.execute(sa.update(samples).where(with_crop).values(crop=None))
        if not rows:
            return
        last = (rows[-1].ended_us, rows[-1].id)


def _used_bytes(database: Database) -> int:
    if database.file is not None:
        pages = _pragma(database, "page_count") - _pragma(database, "freelist_count")
        return pages * _pragma(database, "page_size")
    vectors, crops = sa.func.octet_length(samples.c.vector), sa.func.octet_length(samples.c.crop)
    with database.reading() as connection:
        parts = sa.func.sum(vectors + sa.func.coalesce(crops, 0) + _SAMPLE_BYTES)
        in_samples = connection.execute(sa.select(parts)).scalar() or 0
        count = connection.execute(sa.select(sa.func.count()).select_from(tracks)).scalar_one()
    return int(in_samples) + _TRACK_BYTES * int(count)


def _file_bytes(database: Database) -> int:
    return _pragma(database, "page_count") * _pragma(database, "page_size")


def _pragma(database: Database, name: str) -> int:
    with database.reading() as connection:
        return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar() or 0)
