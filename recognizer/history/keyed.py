"""Open a history with its key, and change the key."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from recognizer.errors import HistoryError
from recognizer.history.database import Database, open_history
from recognizer.history.encryption import CREDENTIAL, KEY_VARIABLE, AesGcm, Cipher, Plain
from recognizer.history.schema import face_blocks, facts, moments, rejections, samples, tracks

_CHECK = b"recognizer history"
_BATCH = 1000


def open_with_key(place: Path | str, key: bytes | None, *, create: bool) -> Database:
    """Open a history; an empty one is encrypted from now on when there is a key.

    Args:
        place: see ``open_history``.
        key: 32 bytes; ``None`` for a history that is not encrypted.
        create: see ``open_history``.

    Raises:
        ConfigError: if the address cannot be used.
        HistoryError: if it cannot be opened, or the key is missing or wrong.
    """
    database = open_history(place, create=create)
    try:
        _unlock(database, key, create=create)
    except BaseException:
        database.close()
        raise
    return database


def rekey(database: Database, key: bytes | None) -> int:
    """Encrypt all vectors and crops with another key, or decrypt them without one; all or nothing.

    Returns:
        Number of samples.

    Raises:
        HistoryError: if the database cannot be written, or a value was altered.
    """
    new: Cipher = Plain() if key is None else AesGcm(key)
    with database.writing() as connection:
        database.require_key(connection)
        count = _reseal(connection, samples, ("vector", "crop"), database.cipher, new)
        for table in (moments, rejections):
            _reseal(connection, table, ("vector",), database.cipher, new)
        connection.execute(sa.delete(face_blocks))  # searches and runs write them again
        connection.execute(sa.delete(facts).where(facts.c.name == "check"))
        check = None if key is None else new.seal(_CHECK)
        if check is not None:
            connection.execute(sa.insert(facts).values(name="check", value=check))
    database.cipher, database.key_check = new, check
    database.rewrite()
    return count


def open_to_rekey(place: Path | str, key: bytes | None) -> Database:
    """Open a history whose key is to be changed; ``key`` is not needed where it is not encrypted yet.

    Raises:
        ConfigError: if the address cannot be used.
        HistoryError: if it cannot be opened, or the key is missing or wrong.
    """
    database = open_history(place, create=False)
    try:
        with database.reading() as connection:
            is_encrypted = _check(connection) is not None
        _unlock(database, key if is_encrypted else None, create=False)
    except BaseException:
        database.close()
        raise
    return database


def _reseal(connection: sa.Connection, table: sa.Table, columns: Sequence[str], old: Cipher, new: Cipher) -> int:
    """Encrypt columns of a table anew; returns the number of rows."""
    last, count = 0, 0
    query = sa.select(table.c.id, *(table.c[name] for name in columns)).order_by(table.c.id).limit(_BATCH)
    statement = sa.update(table).where(table.c.id == sa.bindparam("key"))
    statement = statement.values({name: sa.bindparam(f"new_{name}") for name in columns})
    while rows := connection.execute(query.where(table.c.id > last)).mappings().all():
        changed: list[dict[str, Any]] = [
            {"key": row["id"]}
            | {f"new_{name}": None if row[name] is None else new.seal(old.open(row[name])) for name in columns}
            for row in rows
        ]
        connection.execute(statement, changed)
        last, count = rows[-1]["id"], count + len(rows)
    return count


def _check(connection: sa.Connection) -> bytes | None:
    return connection.execute(sa.select(facts.c.value).where(facts.c.name == "check")).scalar()


def _unlock(database: Database, key: bytes | None, *, create: bool) -> None:
    with database.reading() as connection:
        check = _check(connection)
        # rejections outlive their tracks
        is_empty = all(connection.execute(sa.select(t.c.id).limit(1)).first() is None for t in (tracks, rejections))
    if check is None and key is None:
        return
    if key is None:
        raise HistoryError(
            f"The history {database.place} is encrypted. Its key may be in a file (history.key_file), in the variable "
            f"{KEY_VARIABLE} or in the systemd credential {CREDENTIAL}."
        )
    cipher = AesGcm(key)
    if check is None:
        if not is_empty:
            raise HistoryError(
                f"The history {database.place} is not encrypted, but there is a key. 'history rekey' encrypts it."
            )
        check = cipher.seal(_CHECK) if create else None
        if check is not None:
            with database.writing() as connection:
                connection.execute(sa.insert(facts).values(name="check", value=check))
    else:
        try:
            cipher.open(check)
        except HistoryError:
            message = f"The key does not fit the history {database.place}, which another one encrypted."
            raise HistoryError(message) from None
    database.cipher, database.key_check = cipher, check
