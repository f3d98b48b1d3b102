"""Videos of an archive in the history: each stands there whole, or not at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from recognizer.history.database import Database
from recognizer.history.records import DecisionFacts, TrackRecord
from recognizer.history.retention import delete_tracks
from recognizer.history.rows import insert_run, save_tracks, to_us
from recognizer.history.schema import files, runs, tracks
from recognizer.history.spans import span_of

_BATCH = 2000
"""Tracks in a statement; SQLite takes 32,766 values at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """By what a file is known again."""

    path: str
    """Absolute."""
    size: int
    """Bytes."""
    changed_us: int
    """When it was changed last, microseconds since 1970."""
    digest: str
    """Of its beginning and its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A video that the history holds."""

    state: FileState
    model: str
    """Fingerprint of the embedding model."""
    seconds: float
    """Its length."""
    fault: str | None
    """What could not be read of it."""
    tracks: int
    corrected: int
    """Tracks whose name a person gave or corrected."""


def stored_files(database: Database) -> dict[str, StoredFile]:
    """Return the videos of the history by their paths.

    Raises:
        HistoryError: if it cannot be read.
    """
    count = sa.select(sa.func.count()).where(tracks.c.run_id == files.c.run_id).scalar_subquery()
    by_hand = sa.or_(tracks.c.given.is_not(None), tracks.c.corrected == 1)
    corrected = sa.select(sa.func.count()).where(tracks.c.run_id == files.c.run_id, by_hand).scalar_subquery()
    query = sa.select(files, runs.c.model, count.label("tracks"), corrected.label("corrected"))
    query = query.join(runs, runs.c.id == files.c.run_id)
    with database.reading() as connection:
        return {
            row.path: StoredFile(
                state=FileState(path=row.path, size=row.size, changed_us=row.changed_us, digest=row.digest),
                model=row.model,
                seconds=row.seconds,
                fault=row.fault,
                tracks=row.tracks,
                corrected=row.corrected,
            )
            for row in connection.execute(query)
        }


def save_file(
    database: Database,
    state: FileState,
    records: Sequence[TrackRecord],
    *,
    began: dt.datetime,
    seconds: float,
    fault: str | None,
    model: str,
    facts: DecisionFacts,
) -> None:
    """Write a video and its tracks in one transaction, in place of what was known of it.

    Args:
        database: the history.
        state: of the file when it was read.
        records: its tracks.
        began: time of day of its first picture.
        seconds: its length.
        fault: what could not be read of it.
        model: fingerprint of the embedding model.
        facts: what its decisions depended on.

    Raises:
        HistoryError: if the database cannot be written.
    """
    with database.writing() as connection:
        database.require_key(connection)
        remove_videos(connection, [state.path])
        thresholds = (facts.thresholds["known"] or 0.0, facts.thresholds["margin"] or 0.0)
        run_id = insert_run(connection, began, model, thresholds, facts)
        span = span_of(database, connection, model)
        save_tracks(connection, run_id, records, cipher=database.cipher, span=span)
        connection.execute(
            sa.insert(files).values(
                run_id=run_id,
                path=state.path,
                size=state.size,
                changed_us=state.changed_us,
                digest=state.digest,
                seconds=seconds,
                fault=fault,
                indexed_us=to_us(dt.datetime.now(dt.UTC)),
            )
        )


def remove_files(database: Database, paths: Iterable[str]) -> int:
    """Delete videos and their tracks from the history; returns how many tracks.

    Raises:
        HistoryError: if the database cannot be written.
    """
    deleted = 0
    for path in paths:
        with database.writing() as connection:
            deleted += remove_videos(connection, [path])
    return deleted


def touch_file(database: Database, state: FileState) -> None:
    """Note that a file has another time or place of change, and the same content.

    Raises:
        HistoryError: if the database cannot be written.
    """
    with database.writing() as connection:
        connection.execute(
            sa.update(files).where(files.c.path == state.path).values(changed_us=state.changed_us, size=state.size)
        )


def remove_videos(connection: sa.Connection, paths: Sequence[str]) -> int:
    """Delete videos and their tracks in a transaction; returns how many tracks."""
    run_ids = connection.execute(sa.select(files.c.run_id).where(files.c.path.in_(paths))).scalars().all()
    if not run_ids:
        return 0
    ids = connection.execute(sa.select(tracks.c.id).where(tracks.c.run_id.in_(run_ids))).scalars().all()
    for start in range(0, len(ids), _BATCH):
        delete_tracks(connection, ids[start : start + _BATCH])
    connection.execute(sa.delete(files).where(files.c.run_id.in_(run_ids)))
    connection.execute(sa.delete(runs).where(runs.c.id.in_(run_ids)))
    return len(ids)
