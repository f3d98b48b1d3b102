"""Corrections of the history: each is recorded with what it changed, and can be undone exactly."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from recognizer.errors import HistoryError
from recognizer.history.database import Database
from recognizer.history.refusals import ConflictError, NotThereError
from recognizer.history.rows import from_us, to_us
from recognizer.history.schema import actions, clusters, rejections, tracks

_TABLES = {"tracks": tracks, "clusters": clusters, "rejections": rejections}


class Change(NamedTuple):
    """One value that an action changes."""

    table: str
    id: int
    column: str
    before: Any
    after: Any


def record(
    connection: sa.Connection, kind: str, what: str, changes: Iterable[Change], *, person: str | None = None
) -> int:
    """Make changes and record them as one action; returns its id.

    Args:
        connection: within ``Database.writing``.
        kind: one word.
        what: the action in words.
        changes: values as they are, and as they shall be; those that change nothing are dropped.
        person: whom the action names, so that it goes with them.
    """
    made = [change for change in changes if change.before != change.after]
    for change in made:
        _set(connection, change, change.after)
    values = {
        "at_us": to_us(dt.datetime.now(dt.UTC)),
        "kind": kind,
        "what": what,
        "changes": json.dumps(made),
        "person": person,
    }
    key = connection.execute(sa.insert(actions).values(values)).inserted_primary_key
    return int(key[0]) if key else 0


def undo(database: Database, action_id: int) -> str:
    """Restore what an action changed; returns the action in words.

    Raises:
        HistoryError: if there is no such action, it is undone already, a later one changed the same values, or a track
            was deleted since; nothing is changed then.
    """
    with database.writing() as connection:
        row = connection.execute(sa.select(actions).where(actions.c.id == action_id)).one_or_none()
        if row is None:
            raise NotThereError(f"There is no action {action_id}; 'history actions' lists them.")
        if row.undone_us is not None:
            raise ConflictError(f"Action {action_id} ({row.what}) is undone already.")
        changes = [Change(*values) for values in json.loads(row.changes)]
        if later := _later(connection, action_id, changes):
            raise ConflictError(
                f"Action {action_id} ({row.what}) cannot be undone: action {later.id} ({later.what}) came later and "
                f"changed the same tracks. Undo that one first: history undo {later.id}.",
                later=int(later.id),
            )
        for change in reversed(changes):
            _set(connection, change, change.before)
        now = to_us(dt.datetime.now(dt.UTC))
        connection.execute(sa.update(actions).where(actions.c.id == action_id).values(undone_us=now))
        return str(row.what)


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


def _set(connection: sa.Connection, change: Change, value: Any) -> None:
    table = _TABLES[change.table]
    done = connection.execute(sa.update(table).where(table.c.id == change.id).values({change.column: value}))
    if done.rowcount != 1:
        raise HistoryError(f"Row {change.id} of {change.table} was deleted meanwhile; the action cannot be undone.")


def _later(connection: sa.Connection, action_id: int, changes: Sequence[Change]) -> sa.Row[Any] | None:
    """Return the newest later action that is not undone and touched one of the same values."""
    touched = {(change.table, change.id, change.column) for change in changes}
    query = sa.select(actions).where(actions.c.id > action_id, actions.c.undone_us.is_(None))
    for row in connection.execute(query.order_by(actions.c.id.desc())):
        if any((table, key, column) in touched for table, key, column, _, _ in json.loads(row.changes)):
            return row
    return None
