"""The list of a history's backups and exports, in the history itself, so that forgetting a person can name them."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from recognizer.history.database import Database
from recognizer.history.schema import facts

_PREFIX = "backup:"
BACKUP, EXPORT = "backup", "export"


def add(database: Database, path: Path, *, at: str, kind: str = BACKUP) -> None:
    """List a backup or an export; one that it replaced is listed no longer."""
    where = str(path.absolute())
    with database.writing() as connection:
        for name, entry in _rows(connection).items():
            if entry["path"] == where:
                connection.execute(sa.delete(facts).where(facts.c.name == name))
        value = json.dumps({"path": where, "at": at, "kind": kind}).encode()
        connection.execute(sa.insert(facts).values(name=_PREFIX + uuid.uuid4().hex, value=value))


def list_backups(database: Database) -> list[dict[str, Any]]:
    """Return the backups of ``list_copies``, without their kind."""
    copies = list_copies(database)
    return [{key: each[key] for key in ("path", "at", "found")} for each in copies if each["kind"] == BACKUP]


def list_copies(database: Database) -> list[dict[str, Any]]:
    """Return kind (``BACKUP`` or ``EXPORT``), time, path and whether the file is there, the newest first.

    Any of them may hold any person: what a copy held may have been deleted here since, as too old.

    A copy whose file is gone from a folder that is there was deleted, and is listed no longer.
    """
    with database.writing() as connection:
        rows = _rows(connection)
        for name, entry in list(rows.items()):
            path = Path(entry["path"])
            if not path.exists() and path.parent.is_dir():
                connection.execute(sa.delete(facts).where(facts.c.name == name))
                del rows[name]
    found = [{"kind": BACKUP, **entry, "found": Path(entry["path"]).exists()} for entry in rows.values()]
    return sorted(found, key=lambda entry: str(entry["at"]), reverse=True)


def read_rows(connection: sqlite3.Connection) -> dict[str, bytes]:
    """Return the list of a database as it is stored."""
    query = "SELECT name, value FROM facts WHERE name LIKE 'backup:%'"
    return {str(name): bytes(value) for name, value in connection.execute(query)}


def put_rows(database: Database, rows: Mapping[str, bytes]) -> None:
    """Add what ``read_rows`` gave of another database."""
    with database.writing() as connection:
        for name in rows.keys() - _rows(connection).keys():
            connection.execute(sa.insert(facts).values(name=name, value=rows[name]))


def _rows(connection: sa.Connection) -> dict[str, dict[str, Any]]:
    query = sa.select(facts.c.name, facts.c.value).where(facts.c.name.startswith(_PREFIX))
    rows = {}
    for name, value in connection.execute(query).all():
        with suppress(ValueError):
            rows[str(name)] = dict(json.loads(value))
    return rows
