"""Corrections of the history: each is recorded with what it changed, and can be undone exactly."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from recognizer.errors import HistoryError
from recognizer.history import announcements, cursors
from recognizer.history.database import Database
from recognizer.history.refusals import ConflictError, NotThereError
from recognizer.history.rows import from_us, insert_row, to_us
from recognizer.history.schema import actions, clusters, moments, rejections, tracks

_TABLES = {"tracks": tracks, "clusters": clusters, "rejections": rejections, "moments": moments}
OUTSIDE = frozenset({"gallery", "names"})
"""Changes that are no rows of the history. ``gallery``: photos; the column is ``folder/file``, the values are digests,
``None`` where there is no such file. ``names``: a name that became another one."""

_AT_ONCE = 500
"""Numbers in one condition of a statement."""


class Change(NamedTuple):
    """One value that an action changes."""

    table: str
    """Of the history, or one of ``OUTSIDE``; these are made and undone by the caller."""
    id: int
    column: str
    before: Any
    after: Any


def record(
    connection: sa.Connection,
    kind: str,
    what: str,
    changes: Iterable[Change],
    *,
    person: str | None = None,
    announced: str | None = None,
) -> int:
    """Make changes and record them as one action; returns its id.

    Args:
        connection: within ``Database.writing``.
        kind: one word.
        what: the action in words.
        changes: values as they are, and as they shall be; those that change nothing are dropped.
        person: whom the action names, so that it goes with them.
        announced: the announcement of its photos, which ends with it.
    """
    if announced is not None:
        announcements.done(connection, announced)
    made = [change for change in changes if change.before != change.after]
    _set(connection, [(change, change.after) for change in made])
    values = {
        "at_us": to_us(dt.datetime.now(dt.UTC)),
        "kind": kind,
        "what": what,
        "changes": json.dumps(made),
        "person": person,
    }
    return insert_row(connection, actions, values)


def undo(database: Database, action_id: int, *, outside: bool = False, announced: str | None = None) -> str:
    """Restore what an action changed; returns the action in words.

    Args:
        database: the history.
        action_id: of ``list_actions``.
        outside: the caller has restored what the action changed outside the history (``recognizer.app.undo`` does).
        announced: the announcement of that, which ends with it.

    Raises:
        HistoryError: if there is no such action, it is undone already, a later one changed the same values, or a track
            was deleted since; nothing is changed then.
    """
    with database.writing() as connection:
        what, changes = _undoable(connection, action_id)
        if announced is not None:
            announcements.done(connection, announced)
        if not outside and any(change.table == "gallery" for change in changes):
            raise HistoryError(f"Action {action_id} ({what}) changed the gallery; it is undone together with it.")
        _set(connection, [(change, change.before) for change in reversed(changes)])
        now = to_us(dt.datetime.now(dt.UTC))
        connection.execute(sa.update(actions).where(actions.c.id == action_id).values(undone_us=now))
        return what


def outside_changes(database: Database, action_id: int) -> list[Change]:
    """Return what an action that can be undone changed in the gallery.

    Raises:
        HistoryError: as ``undo``.
    """
    with database.reading() as connection:
        return [change for change in _undoable(connection, action_id)[1] if change.table == "gallery"]


def _undoable(connection: sa.Connection, action_id: int) -> tuple[str, list[Change]]:
    row = connection.execute(sa.select(actions).where(actions.c.id == action_id)).one_or_none()
    if row is None:
        raise NotThereError(f"There is no action {action_id}; 'history actions' lists them.")
    if row.undone_us is not None:
        raise ConflictError(f"Action {action_id} ({row.what}) is undone already.")
    changes = [Change(*values) for values in json.loads(row.changes)]
    if later := _later(connection, action_id, changes):
        raise ConflictError(
            f"Action {action_id} ({row.what}) cannot be undone: action {later.id} ({later.what}) came later and "
            f"changed the same tracks or photos. Undo that one first: history undo {later.id}.",
            later=int(later.id),
        )
    _require_rows(connection, changes)
    return str(row.what), changes


def _require_rows(connection: sa.Connection, changes: Sequence[Change]) -> None:
    """Refuse before anything is restored: the caller begins with the gallery."""
    for name, table in _TABLES.items():
        ids = sorted({change.id for change in changes if change.table == name})
        for begin in range(0, len(ids), _AT_ONCE):
            some = ids[begin : begin + _AT_ONCE]
            there = set(connection.execute(sa.select(table.c.id).where(table.c.id.in_(some))).scalars())
            if missing := sorted(set(some) - there):
                raise _deleted(missing[0], name)


def changes_of(connection: sa.Connection, kind: str) -> list[Change]:
    """Return what the actions of a kind changed that are not undone."""
    query = sa.select(actions.c.changes).where(actions.c.kind == kind, actions.c.undone_us.is_(None))
    return [Change(*values) for row in connection.execute(query).scalars() for values in json.loads(row)]


def list_actions(database: Database, *, limit: int) -> list[dict[str, Any]]:
    """Return the newest actions first."""
    with database.reading() as connection:
        rows = connection.execute(sa.select(actions).order_by(actions.c.id.desc()).limit(limit)).all()
    return [
        {
            "action": row.id,
            "at": from_us(row.at_us).isoformat(timespec="seconds"),
            "what": row.what,
            "undone": row.undone_us is not None,
        }
        for row in rows
    ]


def page_of_actions(
    database: Database, *, limit: int, after: str | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """Return some actions, the newest first, and the cursor of those that follow; ``None`` at the end.

    Raises:
        HistoryError: if the database cannot be read.
        UsageError: if ``after`` is no cursor.
    """
    query = sa.select(actions).order_by(actions.c.id.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(actions.c.id < cursors.decode(after, 1)[0])
    with database.reading() as connection:
        rows = connection.execute(query).all()
    found = [
        {
            "id": row.id,
            "at": from_us(row.at_us),
            "kind": row.kind,
            "what": row.what,
            "undone_at": None if row.undone_us is None else from_us(row.undone_us),
        }
        for row in rows[:limit]
    ]
    return found, cursors.encode(rows[limit - 1].id) if len(rows) > limit else None


def _set(connection: sa.Connection, values: Iterable[tuple[Change, Any]]) -> None:
    """Write values column by column: one by one, 20,000 tracks would keep a run's writer waiting for seconds."""
    of_column: dict[tuple[str, str], list[tuple[Change, Any]]] = {}
    for change, value in values:
        if change.table not in OUTSIDE:
            of_column.setdefault((change.table, change.column), []).append((change, value))
    for (name, column), some in of_column.items():
        table = _TABLES[name]
        statement = sa.update(table).where(table.c.id == sa.bindparam("row"))
        statement = statement.values({column: sa.bindparam("new")})
        done = connection.execute(statement, [{"row": change.id, "new": value} for change, value in some])
        if done.rowcount != len(some):
            _require_rows(connection, [change for change, _ in some])


def _deleted(row_id: int, table: str) -> HistoryError:
    return HistoryError(f"Row {row_id} of {table} was deleted meanwhile; the action cannot be undone.")


def _later(connection: sa.Connection, action_id: int, changes: Sequence[Change]) -> sa.Row[Any] | None:
    """Return the newest later action that is not undone and touched one of the same values."""
    touched = {(change.table, change.id, change.column) for change in changes}
    query = sa.select(actions).where(actions.c.id > action_id, actions.c.undone_us.is_(None))
    for row in connection.execute(query.order_by(actions.c.id.desc())):
        if any((table, key, column) in touched for table, key, column, _, _ in json.loads(row.changes)):
            return row
    return None
