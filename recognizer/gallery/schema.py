"""The record's file: an SQLite database that is opened with care and refused with a reason.

Layout 1 has no digests (`recognizer.gallery.proof`); a reader takes such a record as it is, a writer adds them.

Rollback journal, not WAL: Debian's SQLite 3.40 can lose a WAL that several writers reset, and a journal survives
``kill -9`` all the same. ``secure_delete`` overwrites what is removed, because vectors are biometric data.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

from recognizer.errors import GalleryBusyError, GalleryError
from recognizer.gallery import proof
from recognizer.gallery.names import shown

APPLICATION_ID = 0x46524543  # "FREC": tells our files from other programs' databases
VERSION = 2
MEASURING = ("measuring", "2")
"""The fact that says how photos were measured. 2: sharpness relative to contrast, a vector of five cuts. Without it the
record is of an earlier version, whose numbers mean something else: its photos are measured anew."""
UNPROVED = 1
"""The layout without digests."""
RECORD_FILE = "gallery.sqlite3"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
WAIT_S = 10.0
"""How long a reader waits for a writer's commit, which takes milliseconds."""

_TABLES = (
    "CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE measurements (
        sha256 BLOB NOT NULL, model TEXT NOT NULL, measured_at TEXT NOT NULL, notes TEXT NOT NULL,
        x1 REAL, y1 REAL, x2 REAL, y2 REAL,
        eyes_px REAL, sharpness REAL, yaw_deg REAL, roll_deg REAL, score REAL,
        vector BLOB, thumbnail BLOB, digest BLOB,
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


class DiskFullError(GalleryError):
    """The disk or the user's share of it is full; nothing was changed."""


def connect(path: Path, *, write: bool) -> sqlite3.Connection:
    """Open the record; a writer creates it when it is not there, and adds the digests that layout 1 lacks.

    Raises:
        GalleryError: if the file is missing (reader), no regular file, damaged, another program's, of a newer layout,
            or may not be written.
    """
    for file in (path, *leftovers(path)):
        _require_regular(file, path, alone=write)
    if write:
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
        except OSError as error:
            if error.errno in _FULL:
                raise DiskFullError(f"The disk is full; {path} cannot be made.") from error
            raise GalleryError(f"No permission to write {path}: {error.strerror}. " + way_out(path)) from error
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
        connection.execute("PRAGMA temp_store = MEMORY")  # a removal must work where the disk is full
    else:
        connection.execute("PRAGMA query_only = ON")
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = layout(connection)
    if is_empty(connection) and application == version == 0:
        if write:
            _create(connection)
        return
    if application != APPLICATION_ID:
        raise GalleryError(f"{path} is a database of another program. " + way_out(path))
    if version not in (UNPROVED, VERSION):
        raise GalleryError(
            f"The record {path} has layout {version}, this program reads layout {VERSION}. " + way_out(path)
        )
    if is_empty(connection):
        raise GalleryError(f"The record {path} is damaged (its tables are missing). " + way_out(path))
    if write:
        result = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if result != "ok":
            raise GalleryError(f"The record {path} is damaged ({result}). " + way_out(path))
        if version == UNPROVED:
            with contextlib.suppress(DiskFullError), translated(path):  # people can be removed all the same
                add_digests(connection)


def _create(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        for table in _TABLES:
            connection.execute(table)
        connection.execute("INSERT INTO facts VALUES (?, ?)", MEASURING)
        proof.seal(connection)


def layout(connection: sqlite3.Connection) -> int:
    """Layout of an open record; 0 before it is created."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def add_digests(connection: sqlite3.Connection) -> None:
    """Bring a record of layout 1 to layout 2; what it holds is taken as it is, for nothing proves it."""
    with transaction(connection):
        connection.execute("ALTER TABLE measurements ADD COLUMN digest BLOB")
        rows = connection.execute(f"SELECT rowid, {proof.MEASURED} FROM measurements").fetchall()  # noqa: S608
        for place, *row in rows:
            digest = proof.measurement_digest(row)
            connection.execute("UPDATE measurements SET digest = ? WHERE rowid = ?", (digest, place))
        proof.seal(connection)
        connection.execute(f"PRAGMA user_version = {VERSION}")


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
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Let everything read inside be of one commit."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")  # nothing was written


@contextlib.contextmanager
def journal_in_memory(connection: sqlite3.Connection) -> Iterator[None]:
    """Write without a journal on disk: deletions then need no space, but a kill may leave a damaged record."""
    connection.execute("PRAGMA journal_mode = MEMORY")
    try:
        yield
    finally:
        connection.execute("PRAGMA journal_mode = DELETE")


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Translate the errors of SQLite into messages with a remedy."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
        raise  # our mistake, not the file's
    except (sqlite3.Error, UnicodeDecodeError) as error:  # the latter for messages that quote what is damaged
        text = shown(str(error)[:200])[1:-1]  # it may quote what is damaged
        extended = getattr(error, "sqlite_errorcode", 0)
        code = extended & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise GalleryBusyError(f"Another process is writing {path}; try again in a moment.") from error
        if code == sqlite3.SQLITE_FULL or extended == sqlite3.SQLITE_IOERR_WRITE:  # the latter: quotas and limits
            raise DiskFullError(f"The disk is full; {path} could not be written and is as it was before.") from error
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR):
            raise GalleryError(
                f"The record {path} cannot be read or written ({text}); see to its permissions and the disk. "
                + way_out(path)
            ) from error
        raise GalleryError(f"The record {path} is damaged or is not a gallery ({text}). " + way_out(path)) from error


def leftovers(path: Path) -> tuple[Path, ...]:
    """Files that SQLite may keep beside the record."""
    return tuple(path.with_name(f"{path.name}-{kind}") for kind in ("journal", "wal", "shm"))


def _require_regular(file: Path, record: Path, *, alone: bool) -> None:
    try:
        found = file.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise GalleryError(f"The record {record} cannot be read: {error.strerror}. " + way_out(record)) from error
    if not stat.S_ISREG(found.st_mode) or (alone and found.st_nlink > 1):
        raise GalleryError(f"{file} is no file of its own but a folder, a link or a device. " + way_out(record))


def way_out(path: Path) -> str:
    """Say what to do about a record that cannot be used."""
    return way_out_of(path.parent.parent)


def way_out_of(gallery: Path) -> str:
    """Say what to do about a gallery whose record cannot be used."""
    return f'It can be rebuilt from the photos: python main.py enroll --gallery "{gallery}" --rebuild'
