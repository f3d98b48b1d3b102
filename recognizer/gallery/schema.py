"""The record's file: an SQLite database that is opened with care and refused with a reason.

Rollback journal, not WAL: Debian's SQLite 3.40 can lose a WAL that several writers reset, and a journal survives
``kill -9`` all the same. ``secure_delete`` overwrites what is removed, because vectors are biometric data.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from recognizer.errors import GalleryBusyError, GalleryError

APPLICATION_ID = 0x46524543  # "FREC": tells our files from other programs' databases
VERSION = 1
RECORD_FILE = "gallery.sqlite3"
WAIT_S = 10.0
"""How long a reader waits for a writer's commit, which takes milliseconds."""

_TABLES = (
    "CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE measurements (
        sha256 BLOB NOT NULL, model TEXT NOT NULL, measured_at TEXT NOT NULL, notes TEXT NOT NULL,
        x1 REAL, y1 REAL, x2 REAL, y2 REAL,
        eyes_px REAL, sharpness REAL, yaw_deg REAL, roll_deg REAL, score REAL,
        vector BLOB, thumbnail BLOB,
        PRIMARY KEY (sha256, model))""",
    """CREATE TABLE people (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, folder TEXT NOT NULL, enrolled_at TEXT NOT NULL)""",
    """CREATE TABLE photos (
        person_id INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE, file TEXT NOT NULL,
        sha256 BLOB, size INTEGER, modified_ns INTEGER, changed_ns INTEGER, looked_at_ns INTEGER,
        accepted INTEGER NOT NULL, notes TEXT NOT NULL,
        PRIMARY KEY (person_id, file))""",
    "CREATE INDEX photos_by_content ON photos (sha256)",
)


def connect(path: Path, *, write: bool) -> sqlite3.Connection:
    """Open the record; a writer creates it when it is not there.

    Raises:
        GalleryError: if the file is missing (reader), damaged, another program's, of a newer version, or may not be
            written.
    """
    if write:
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise GalleryError(f"No permission to write {path}: {error.strerror}.") from error
    with translated(path):
        # mode=rw for readers too: after a kill the first one to come must be able to roll back the journal.
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=WAIT_S, isolation_level=None
        )
        try:
            _prepare(connection, path, write=write)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, *, write: bool) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    if write:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("PRAGMA secure_delete = ON")
    else:
        connection.execute("PRAGMA query_only = ON")
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if tables == 0 and application in (0, APPLICATION_ID):
        if write:
            _create(connection)
        return
    if application != APPLICATION_ID:
        raise GalleryError(f"{path} is a database of another program. " + way_out(path))
    if version != VERSION:
        raise GalleryError(
            f"The record {path} has layout {version}, this program reads layout {VERSION}. " + way_out(path)
        )
    if write:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise GalleryError(f"The record {path} is damaged ({verdict}). " + way_out(path))


def _create(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        for table in _TABLES:
            connection.execute(table)


def is_empty(connection: sqlite3.Connection) -> bool:
    """True for a file in which nothing was ever created, as a kill in the first moment leaves it."""
    return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0)


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, whatever interrupts it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # the journal undoes it at the next opening
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite says about ``path`` into what a person can do about it."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
        raise  # our mistake, not the file's
    except sqlite3.Error as error:
        text = str(error)
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise GalleryBusyError(f"Another process is writing {path}; try again in a moment.") from error
        if code == sqlite3.SQLITE_FULL:
            raise GalleryError(f"The disk is full; {path} could not be written and is as it was before.") from error
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR):
            raise GalleryError(f"The record {path} cannot be read or written: {text}.") from error
        raise GalleryError(f"The record {path} is damaged or is not a gallery ({text}). " + way_out(path)) from error


def way_out(path: Path) -> str:
    """What to do about a record that cannot be used."""
    gallery = path.parent.parent
    return f'It can be rebuilt from the photos: python main.py enroll --gallery "{gallery}" --rebuild'
