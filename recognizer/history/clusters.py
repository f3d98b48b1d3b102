"""Clusters of unknown people: list them, and what a person decides about them; ``clustering`` finds them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from recognizer.counting import counted
from recognizer.errors import HistoryError
from recognizer.history import actions, cursors
from recognizer.history.actions import Change
from recognizer.history.clustering import update_clusters as update_clusters
from recognizer.history.database import Database
from recognizer.history.refusals import ConflictError, NotThereError
from recognizer.history.rows import from_us, insert_row
from recognizer.history.schema import UNKNOWN, clusters, runs, tracks


def list_clusters(
    database: Database, *, state: str = "open", least: int = 1, limit: int = 50, wanted: float | None = None
) -> list[dict[str, Any]]:
    """Return clusters of unknown tracks, the largest first: count, first and last time, sources, nearest person.

    Args:
        database: the history.
        state: open, ignored or discarded.
        least: tracks that a cluster has at least.
        limit: most clusters.
        wanted: cosine that a name needs; by default that of the runs.

    Returns:
        Of each cluster also ``closest`` and ``missing``: in words, the nearest person with what a name lacks.
    """
    return page_of_clusters(database, state=state, least=least, limit=limit, wanted=wanted)[0]


def page_of_clusters(
    database: Database,
    *,
    state: str = "open",
    least: int = 1,
    limit: int = 50,
    wanted: float | None = None,
    after: str | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """Return some clusters as ``list_clusters`` does, and the cursor of those that follow; ``None`` at the end.

    Raises:
        HistoryError: if the database cannot be read.
        UsageError: if ``after`` is no cursor.
    """
    count, last = sa.func.count(), sa.func.max(tracks.c.ended_us)
    query = (
        sa.select(
            tracks.c.cluster_id,
            count.label("tracks"),
            sa.func.min(tracks.c.began_us).label("first"),
            last.label("last"),
        )
        .join(clusters, clusters.c.id == tracks.c.cluster_id)
        .where(UNKNOWN, clusters.c.state == state)
        .group_by(tracks.c.cluster_id)
        .having(count >= least)
        .order_by(sa.desc("tracks"), sa.desc("last"), tracks.c.cluster_id.desc())
    )
    if after is not None:
        place = sa.tuple_(*(sa.literal(number) for number in cursors.decode(after, 3)))
        query = query.having(sa.tuple_(count, last, tracks.c.cluster_id) < place)
    with database.reading() as connection:
        rows = connection.execute(query.limit(limit + 1)).all()
        more = None
        if len(rows) > limit:
            rows = rows[:limit]
            more = cursors.encode(rows[-1].tracks, rows[-1].last, rows[-1].cluster_id)
        details = _details(connection, [row.cluster_id for row in rows], wanted)
        found = [
            {
                "cluster": row.cluster_id,
                "tracks": row.tracks,
                "first": from_us(row.first).isoformat(timespec="seconds"),
                "last": from_us(row.last).isoformat(timespec="seconds"),
                **details[row.cluster_id],
            }
            for row in rows
        ]
    return found, more


def count_open(database: Database) -> int:
    """Return how many clusters of unknown people wait for a decision.

    Raises:
        HistoryError: if the database cannot be read.
    """
    query = sa.select(sa.func.count(sa.distinct(tracks.c.cluster_id)))
    query = query.join(clusters, clusters.c.id == tracks.c.cluster_id).where(UNKNOWN, clusters.c.state == "open")
    with database.reading() as connection:
        return int(connection.execute(query).scalar_one())


def name_cluster(database: Database, cluster_id: int, name: str) -> int:
    """Give all tracks of a cluster a name; returns the action's id.

    Raises:
        ConflictError: if it was named, merged or emptied meanwhile.
        NotThereError: if there is no such cluster.
    """
    with database.writing() as connection:
        found = _members(connection, cluster_id)
        what = f"name cluster {cluster_id} {name!r}: {counted(len(found), 'track')}"
        changes = [Change("tracks", key, "given", None, name) for key in found]
        return actions.record(connection, "name", what, changes, person=name)


def set_state(database: Database, cluster_id: int, state: str) -> int:
    """Ignore or discard a cluster, or open it again; returns the action's id.

    Raises:
        ConflictError: if it is so already.
        NotThereError: if there is no such cluster.
    """
    with database.writing() as connection:
        _members(connection, cluster_id)
        before = connection.execute(sa.select(clusters.c.state).where(clusters.c.id == cluster_id)).scalar_one()
        if before == state:
            raise ConflictError(f"Cluster {cluster_id} is {state} already.")
        change = Change("clusters", cluster_id, "state", before, state)
        return actions.record(connection, state, f"cluster {cluster_id} is {state}", [change])


def split(database: Database, cluster_id: int, track_ids: Sequence[int]) -> tuple[int, int]:
    """Move tracks of a cluster into a new one; returns the action's and the new cluster's id.

    Raises:
        ConflictError: if a track is not in it, or it was named, merged or emptied meanwhile.
        NotThereError: if there is no such cluster.
    """
    with database.writing() as connection:
        found = _members(connection, cluster_id)
        if strange := sorted(set(track_ids) - set(found)):
            raise ConflictError(f"Track {strange[0]} is not in cluster {cluster_id}; it holds {_listed(found)}.")
        new = insert_row(connection, clusters, {"state": "open"})
        changes = [Change("tracks", track, "cluster_id", cluster_id, new) for track in track_ids]
        what = f"split {counted(len(changes), 'track')} from cluster {cluster_id} into {new}"
        return actions.record(connection, "split", what, changes), new


def merge(database: Database, into: int, others: Sequence[int]) -> int:
    """Move all tracks of other clusters into one; returns the action's id.

    Raises:
        ConflictError: if it was named, merged or emptied meanwhile.
        NotThereError: if there is no such cluster.
    """
    with database.writing() as connection:
        _members(connection, into)
        changes = [
            Change("tracks", track, "cluster_id", other, into)
            for other in others
            for track in _members(connection, other)
        ]
        what = f"merge clusters {_listed(others)} into {into}"
        return actions.record(connection, "merge", what, changes)


def _members(connection: sa.Connection, cluster_id: int) -> list[int]:
    query = sa.select(tracks.c.id).where(tracks.c.cluster_id == cluster_id, UNKNOWN)
    found = [int(key) for key in connection.execute(query.order_by(tracks.c.id)).scalars()]
    if not found:
        raise _missing(connection, cluster_id)
    return found


def _missing(connection: sa.Connection, cluster_id: int) -> HistoryError:
    """Say what became of a cluster that has no unknown tracks."""
    if connection.execute(sa.select(clusters.c.id).where(clusters.c.id == cluster_id)).first() is None:
        return NotThereError(f"There is no cluster {cluster_id} of unknown people; 'history unknowns' lists them.")
    given = sa.select(tracks.c.given).where(tracks.c.cluster_id == cluster_id, tracks.c.given.is_not(None))
    name = connection.execute(given.limit(1)).scalar()
    if name is not None:
        return ConflictError(f"Cluster {cluster_id} was named {name!r} already; 'history actions' says when.")
    return ConflictError(
        f"Cluster {cluster_id} is empty: its tracks are in another one now, were recognised or deleted; "
        "'history actions' says what was done."
    )


def _details(connection: sa.Connection, cluster_ids: Sequence[int], wanted: float | None) -> dict[int, dict[str, Any]]:
    """Describe clusters, by two queries for all of them."""
    where = sa.and_(tracks.c.cluster_id.in_(cluster_ids), UNKNOWN)
    members: dict[int, list[Any]] = {}
    for row in connection.execute(sa.select(tracks.c.cluster_id, tracks.c.id, tracks.c.source).where(where)):
        members.setdefault(row.cluster_id, []).append(row)
    place = sa.func.row_number().over(partition_by=tracks.c.cluster_id, order_by=tracks.c.similarity.desc())
    columns = (tracks.c.cluster_id, tracks.c.nearest, tracks.c.similarity, tracks.c.reasons, runs.c.known)
    ranked = sa.select(*columns, place.label("place")).join(runs, runs.c.id == tracks.c.run_id).where(where).subquery()
    best = connection.execute(sa.select(ranked).where(ranked.c.place == 1))
    return {row.cluster_id: _described(row, members[row.cluster_id], wanted) for row in best}


def _described(best: sa.Row[Any], members: Sequence[sa.Row[Any]], wanted: float | None) -> dict[str, Any]:
    needed = best.known if wanted is None else wanted
    if best.similarity < needed:
        missing = [f"wanted {needed:.2f}"]
    else:  # something else was missing, such as the margin or evidence
        missing = [reason for reason in json.loads(best.reasons) if not reason.startswith("similarity ")]
    return {
        "sources": sorted({row.source for row in members}),
        "nearest": best.nearest,
        "similarity": round(best.similarity, 4),
        "wanted": round(needed, 4),
        "missing": missing if best.nearest else [],
        "closest": ", ".join([f"{best.nearest} {best.similarity:.2f}", *missing]) if best.nearest else "",
        "track_ids": sorted(row.id for row in members),
    }


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:10])
    return shown + (f" and {len(numbers) - 10} more" if len(numbers) > 10 else "")
