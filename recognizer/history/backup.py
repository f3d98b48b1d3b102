"""Back a history up into one file, and restore it: staged, verified, swapped. For SQLite; PostgreSQL has pg_dump.

The file is a ZIP archive, not compressed: the database as SQLite's own backup copies it while a run goes on, and a
list of contents with its SHA-256 and level. Vectors and crops in it are encrypted as they are in the history; names,
times and sources are not.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from recognizer.errors import ConfigError, HistoryError, OutputError
from recognizer.history import backup_list, room
from recognizer.history.database import FILE_NAME, REPLACED, STAGING, Database
from recognizer.history.keyed import open_with_key

_CONTENTS = "contents.json"
_CHUNK = 1 << 20
_CONTENTS_BYTES = 1 << 16
"""Of the list of contents at most; it has 300."""
_DAMAGED = (zipfile.BadZipFile, KeyError, EOFError, RuntimeError, ValueError)
"""What ``zipfile`` raises of an archive that is damaged, or of another kind."""
POSTGRESQL = (
    "A history in PostgreSQL is backed up with PostgreSQL's own tools: pg_dump --format=custom --file=FILE ADDRESS, "
    "and pg_restore --clean --if-exists --dbname=ADDRESS FILE. A person who is forgotten stays in such files."
)


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup says of itself."""

    at: str
    """ISO 8601, UTC."""
    level: str
    sha256: str
    """Of the database, hex."""
    encrypted: bool
    """Vectors and crops are."""
    tracks: int


def back_up(database: Database, path: Path) -> Backup:
    """Copy a history into a file, which appears whole or not at all, and list it in the history.

    Args:
        database: of SQLite; others may write to it meanwhile.
        path: the file; an older backup there is replaced, any other file is not.

    Raises:
        ConfigError: for PostgreSQL, with the command to use.
        OutputError: if the file cannot be written, or holds something else.
        HistoryError: if the history cannot be read.
    """
    if database.file is None:
        raise ConfigError(POSTGRESQL)
    if os.path.exists(path) and _contents_of(path) is None:
        raise OutputError(f"{path} exists and is no backup of a history; it was left as it is.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _part_folder(path) as folder:
            copy, archive = folder / FILE_NAME, folder / "archive"
            with (
                _translated(database.file),
                closing(_connect(database.file)) as source,
                closing(_connect(copy)) as target,
            ):
                source.backup(target)
                target.execute("PRAGMA journal_mode = DELETE")
            found = _described(copy)
            with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
                file.writestr(_CONTENTS, json.dumps(_as_dict(found), indent=2))
                file.write(copy, FILE_NAME)
            os.chmod(archive, 0o600)
            _sync(archive)
            os.replace(archive, path)
            _sync(path.parent)
    except OSError as error:
        raise OutputError(f"The backup {path} cannot be written: {error.strerror or error}.") from error
    backup_list.add(database, path, at=found.at)
    return found


@contextmanager
def _part_folder(path: Path) -> Iterator[Path]:
    """Yield a private folder beside a backup; what a killed backup of this name left there is deleted."""
    folder = path.with_name(f".{path.name}.part")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def restore(folder: Path, path: Path, *, key: bytes | None) -> Backup:
    """Put a backup in the place of a history. Whatever is wrong with the backup, the present history stays.

    Args:
        folder: of the history; it may be empty.
        path: the backup.
        key: of the backup's vectors and crops.

    Raises:
        HistoryError: if the backup is damaged, of a newer version or of another key, or a process uses the history.
    """
    contents = _contents_of(path)
    if contents is None:
        raise HistoryError(f"{path} is no backup of a history, or is damaged; the present history stays as it is.")
    staging = folder / STAGING
    live = folder / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=0o700)
        try:
            _extract(path, staging / FILE_NAME, contents)
            _verify(staging, live, key)
            lock = _alone(live)
            try:
                _swap(staging / FILE_NAME, live)
            finally:
                if lock is not None:
                    lock.close()
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise HistoryError(f"The backup cannot be restored into {folder}: {error.strerror or error}.") from error
    return contents


def count_tracks(path: Path, name: str, *, beside: Path) -> int | None:
    """Return how many tracks of a backup bear a name; ``None`` where it cannot be read or there is no room for a copy.

    Args:
        path: the backup.
        name: of a person.
        beside: folder in which the backup is unpacked, for as long as it takes.
    """
    contents, staging = _contents_of(path), beside / STAGING
    if contents is None:
        return None
    try:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=0o700)
        _extract(path, staging / FILE_NAME, contents)
        with closing(_connect(staging / FILE_NAME)) as connection:
            columns = {row[1] for row in connection.execute("PRAGMA table_info(tracks)")}
            named = "person = ? OR given = ?" if "given" in columns else "? = person OR person = ?"
            found = connection.execute(f"SELECT count(*) FROM tracks WHERE {named}", (name, name))  # noqa: S608
            return int(found.fetchone()[0])
    except (OSError, HistoryError, sqlite3.Error):
        return None
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _extract(path: Path, target: Path, contents: Backup) -> None:
    digest = hashlib.sha256()
    try:
        with zipfile.ZipFile(path) as archive, _stored(archive, FILE_NAME) as source, _private(target) as file:
            while part := source.read(_CHUNK):
                digest.update(part)
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
    except _DAMAGED as error:
        raise HistoryError(f"The backup {path} is damaged ({error}); the present history stays as it is.") from error
    if digest.hexdigest() != contents.sha256:
        raise HistoryError(f"The backup {path} is damaged (its digest is wrong); the present history stays as it is.")


def _verify(staging: Path, live: Path, key: bytes | None) -> None:
    """Open the staged history as a run would, migrate it, and let it know the backups that the present one lists."""
    listed: dict[str, Any] = {}
    if live.exists():
        with suppress(HistoryError, sqlite3.Error), closing(_connect(live)) as connection:
            listed = backup_list.read_rows(connection)
    with _translated(staging / FILE_NAME):
        with closing(_connect(staging / FILE_NAME)) as connection:
            result = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if result != "ok":
            raise HistoryError(f"The backup is damaged ({result}); the present history stays as it is.")
        with closing(open_with_key(staging, key, create=False)) as opened:
            backup_list.put_rows(opened, listed)
        with closing(_connect(staging / FILE_NAME)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    _sync(staging / FILE_NAME)


def _alone(live: Path) -> sqlite3.Connection | None:
    """Lock the present history; ``None`` where there is none that can be opened.

    Raises:
        HistoryError: while another process uses it, which would go on writing to the replaced file.
    """
    if not live.exists():
        return None
    connection = _connect(live)
    try:
        connection.execute("PRAGMA journal_mode = DELETE").fetchone()  # SQLite leaves WAL only where nobody else has
        connection.execute("BEGIN EXCLUSIVE")  # the file open
    except sqlite3.Error as error:
        connection.close()
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            message = f"Another process uses the history {live}. Stop the run, then restore again."
            raise HistoryError(message) from error
        return None
    return connection


def _swap(staged: Path, live: Path) -> None:
    """Replace the history in one step, and keep the replaced one."""
    kept = live.with_name(REPLACED)
    if live.exists():
        part = kept.with_name(f".{REPLACED}.part")
        part.unlink(missing_ok=True)
        try:
            os.link(live, part)
        except OSError:  # a file system without hard links
            shutil.copy2(live, part)
        os.replace(part, kept)
    for leftover in ("-wal", "-shm"):
        live.with_name(live.name + leftover).unlink(missing_ok=True)
    os.replace(staged, live)
    _sync(live.parent)


def _described(copy: Path) -> Backup:
    with closing(_connect(copy)) as connection:
        (level,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        (tracks,) = connection.execute("SELECT count(*) FROM tracks").fetchone()
        encrypted = connection.execute("SELECT 1 FROM facts WHERE name = 'check'").fetchone() is not None
        result = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if result != "ok":
        raise HistoryError(f"The history is damaged ({result}); it was not backed up.")
    with copy.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Backup(dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), str(level), digest, encrypted, int(tracks))


def _contents_of(path: Path) -> Backup | None:
    """Read what a backup says of itself; ``None`` where it is none."""
    if not os.path.isfile(path):  # of a pipe, no end can be found
        return None
    try:
        with zipfile.ZipFile(path) as archive, _stored(archive, _CONTENTS) as member:
            values = json.loads(member.read(_CONTENTS_BYTES))
        return Backup(**{name: values[name] for name in Backup.__dataclass_fields__})
    except (OSError, TypeError, *_DAMAGED):
        return None


def _stored(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """Open a member, which is not compressed: a small file must not become a disk full of zeros."""
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise zipfile.BadZipFile(f"{name} is compressed")
    return archive.open(name)


def _as_dict(found: Backup) -> dict[str, Any]:
    return {"kind": "history of recognizer", **{name: getattr(found, name) for name in Backup.__dataclass_fields__}}


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=5.0, isolation_level=None)


def _private(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb")


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise HistoryError(f"The history {path} cannot be read: {room.why(path, str(error))}.") from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
