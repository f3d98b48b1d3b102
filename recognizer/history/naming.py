"""Find the tracks that bear a name, and give them another one."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from recognizer.counting import counted
from recognizer.errors import HistoryError
from recognizer.history import actions
from recognizer.history.actions import Change
from recognizer.history.database import Database
from recognizer.history.schema import moments, rejections, tracks


def tracks_of_cluster(database: Database, cluster_id: int) -> tuple[str, list[int]]:
    """Return the name that the tracks of a cluster were given, and these tracks.

    Raises:
        HistoryError: if there is no such cluster, it has no name, or several.
    """
    query = sa.select(tracks.c.id, tracks.c.given).where(tracks.c.cluster_id == cluster_id).order_by(tracks.c.id)
    with database.reading() as connection:
        rows = connection.execute(query).all()
    if not rows:
        raise HistoryError(f"There is no cluster {cluster_id}; 'history unknowns' lists them.")
    names = sorted({row.given for row in rows if row.given is not None})
    if not names:
        raise HistoryError(f'Cluster {cluster_id} has no name yet: history name {cluster_id} "NAME" gives it one.')
    if len(names) > 1:
        raise HistoryError(f"The tracks of cluster {cluster_id} have several names: {', '.join(names)}. Give --person.")
    return str(names[0]), [int(row.id) for row in rows if row.given is not None]


def tracks_of_person(database: Database, name: str) -> list[int]:
    """Return the tracks that a person named so, and those that were recognised.

    Raises:
        HistoryError: if there are none.
    """
    recognised = sa.and_(tracks.c.given.is_(None), tracks.c.person == name)
    query = sa.select(tracks.c.id).where(sa.or_(tracks.c.given == name, recognised)).order_by(tracks.c.id)
    with database.reading() as connection:
        found = [int(key) for key in connection.execute(query).scalars()]
    if not found:
        raise HistoryError(f"No track of {name} is in the history {database.place}; 'history list' shows names.")
    return found


def count_mentions(database: Database, name: str) -> int:
    """Return the number of tracks that have a name, given, recognised or nearest, and of rejections of it."""
    with database.reading() as connection:
        return sum(change.table != "moments" for change in _relabelled(connection, name, ""))


def relabel(
    database: Database, old: str, new: str, *, kind: str, photos: Sequence[Change] = (), announced: str | None = None
) -> int:
    """Put another name in the place of one, in tracks and rejections, as one action; returns its id.

    What a track's reasons said then, they say still. ``retention.forget_person`` knows by the action that both names
    are one person's.

    Args:
        database: the history.
        old: the name that goes.
        new: the name that takes its place.
        kind: of the action, one word.
        photos: what the caller changed in the gallery by the same action.
        announced: the announcement of that.

    Raises:
        HistoryError: if the database cannot be written.
    """
    with database.writing() as connection:
        changes = [Change("names", 0, old, old, new), *photos, *_relabelled(connection, old, new)]
        count = len({change.id for change in changes if change.table == "tracks"})
        moved = f", {counted(len(photos) // 2, 'file')}" if photos else ""
        what = f"{old} is {new}: {counted(count, 'track')}{moved}"
        return actions.record(connection, kind, what, changes, person=new, announced=announced)


def _relabelled(connection: sa.Connection, old: str, new: str) -> list[Change]:
    changes = [
        Change("tracks", key, name, old, new)
        for name in ("person", "given", "nearest")
        for key in connection.execute(sa.select(tracks.c.id).where(tracks.c[name] == old)).scalars()
    ]
    for name, table, column in (("rejections", rejections, "person"), ("moments", moments, "nearest")):
        found = connection.execute(sa.select(table.c.id).where(table.c[column] == old)).scalars()
        changes += [Change(name, key, column, old, new) for key in found]
    return changes
