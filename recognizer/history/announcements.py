"""Changes of photos that an action of the history is about to make, so that a kill leaves none without an action."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from recognizer.history.database import Database
from recognizer.history.schema import facts

_PREFIX = "unfinished:"


def add(database: Database, values: Mapping[str, Any]) -> str:
    """Announce a change, in JSON's types; returns what removes it.

    Raises:
        HistoryError: if the database cannot be written.
    """
    token = _PREFIX + uuid.uuid4().hex
    with database.writing() as connection:
        connection.execute(sa.insert(facts).values(name=token, value=json.dumps(values).encode()))
    return token


def read(database: Database) -> dict[str, dict[str, Any]]:
    """Return the changes that were announced and are not done.

    Raises:
        HistoryError: if the database cannot be read.
    """
    with database.reading() as connection:
        return rows(connection)


def rows(connection: sa.Connection) -> dict[str, dict[str, Any]]:
    """Return them within a transaction."""
    found = {}
    query = sa.select(facts.c.name, facts.c.value).where(facts.c.name.startswith(_PREFIX))
    for name, value in connection.execute(query).all():
        with suppress(ValueError):
            found[str(name)] = dict(json.loads(value))
    return found


def remove(database: Database, token: str) -> None:
    """Remove one that was taken back.

    Raises:
        HistoryError: if the database cannot be written.
    """
    with database.writing() as connection:
        done(connection, token)


def done(connection: sa.Connection, token: str) -> None:
    """Remove one in the transaction that records its action."""
    connection.execute(sa.delete(facts).where(facts.c.name == token))
