"""Which tracks of a box's history were pushed already, and what of the others goes next.

A track is pushed again when it has changed: it lasted, or a person corrected it. What was pushed is noted only after
the service has said that it keeps it.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa
from loguru import logger

from recognizer.errors import HistoryError
from recognizer.history.database import Database
from recognizer.history.exchange.exporting import as_line, exported_samples, exported_track, joined_tracks
from recognizer.history.schema import tracks

BATCH = 200
"""Tracks of one push: 2 MB with five vectors each."""
_STATE = ("id", "run_id", "began_us", "ended_us", "frames", "status", "person", "given", "corrected")


class Outgoing:
    """What was pushed of one history.

    Args:
        path: SQLite file that notes it; private to its owner.

    Raises:
        HistoryError: if the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.lost = 0
        """Tracks that were deleted before they were pushed."""
        self._path = path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600))
            self._notes = sqlite3.connect(path, timeout=5)
            self._notes.execute("CREATE TABLE IF NOT EXISTS tracks (id INTEGER PRIMARY KEY, pushed TEXT)")
        except (OSError, sqlite3.Error) as error:
            raise HistoryError(
                f"{path} cannot be used ({error}); delete it: everything is pushed again then."
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._notes.close()

    def waiting(self, database: Database, *, count_lost: bool = True) -> dict[int, str]:
        """Return the tracks that go next, the oldest first, each with a digest of how it stands.

        Args:
            database: the history.
            count_lost: tracks that are gone unpushed were lost; otherwise they were deleted on purpose.

        Raises:
            HistoryError: if the history or the notes cannot be read.
        """
        columns = [tracks.c[name] for name in _STATE]
        with database.reading() as connection:
            rows = connection.execute(sa.select(*columns).order_by(tracks.c.id)).all()
        now = {row.id: hashlib.sha256(repr(tuple(row)).encode()).hexdigest()[:16] for row in rows}
        try:
            with self._notes:
                noted: dict[int, str | None] = dict(self._notes.execute("SELECT id, pushed FROM tracks").fetchall())
                gone = [number for number in noted if number not in now]
                lost = sum(noted[number] is None for number in gone) if count_lost else 0
                self._notes.executemany("DELETE FROM tracks WHERE id = ?", [(number,) for number in gone])
                new = [(number,) for number in now if number not in noted]
                self._notes.executemany("INSERT INTO tracks (id) VALUES (?)", new)
        except sqlite3.Error as error:
            raise HistoryError(f"{self._path} cannot be used ({error}).") from error
        if lost:
            self.lost += lost
            logger.warning("fleet: {} tracks were deleted here before they could be pushed", lost)
        return {number: digest for number, digest in now.items() if noted.get(number) != digest}

    def batches(self, database: Database, waiting: Mapping[int, str]) -> Iterator[tuple[list[int], bytes]]:
        """Yield tracks in parts: their ids, and JSON lines as of an export.

        Raises:
            HistoryError: if the history cannot be read, or a vector was altered.
        """
        ids = list(waiting)
        for start in range(0, len(ids), BATCH):
            some = ids[start : start + BATCH]
            with database.reading() as connection:
                rows = connection.execute(joined_tracks().where(tracks.c.id.in_(some)).order_by(tracks.c.id)).all()
                kept = exported_samples(connection, database, [row.id for row in rows])
            if rows:
                lines = (as_line(exported_track(row) | {"samples": kept.get(row.id, [])}) for row in rows)
                yield [row.id for row in rows], b"".join(lines)

    def pushed(self, ids: Sequence[int], waiting: Mapping[int, str]) -> None:
        """Note that the service keeps these as they stood in ``waiting``.

        Raises:
            HistoryError: if it cannot be noted; they are pushed again then, which changes nothing.
        """
        try:
            with self._notes:
                rows = [(waiting[number], number) for number in ids]
                self._notes.executemany("UPDATE tracks SET pushed = ? WHERE id = ?", rows)
        except sqlite3.Error as error:
            raise HistoryError(f"{self._path} cannot be used ({error}).") from error
