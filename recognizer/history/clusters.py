"""Clusters of unknown people: find them, list them, and what a person decides about them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from recognizer.errors import HistoryError
from recognizer.history import actions
from recognizer.history.actions import Change
from recognizer.history.database import Database
from recognizer.history.encryption import Cipher
from recognizer.history.linkage import Linkage
from recognizer.history.rows import from_bytes, from_us, unit
from recognizer.history.schema import clusters, runs, samples, tracks
from recognizer.types import F32

_UNKNOWN = sa.and_(tracks.c.given.is_(None), tracks.c.status == "unknown")
_IS_NEW = tracks.c.cluster_id.is_(None)


@dataclass(frozen=True, slots=True)
class _Face:
    track_id: int
    cluster_id: int | None
    run_id: int
    source: str
    began_us: int
    ended_us: int
    vector: F32
    """Mean of the samples, (D,) of unit length."""


def update_clusters(database: Database, *, model: str, threshold: float) -> int:
    """Put unknown tracks that are new into clusters, old ones or new ones; old clusters stay as they are.

    Two tracks that one source showed at one time are never in one cluster, and a track that was moved out of a cluster
    does not come back by itself.

    Args:
        database: the history.
        model: fingerprint; only its tracks are compared.
        threshold: mean cosine from which two clusters are one.

    Returns:
        Number of tracks that were new.
    """
    with database.reading() as connection:
        if connection.execute(_of_model(sa.select(tracks.c.id), model).where(_IS_NEW).limit(1)).first() is None:
            return 0
        faces = _faces(connection, model, database.cipher)
        apart = [*_beside(faces), *_split_before(connection, faces)]
    found = _link(faces, apart, threshold=threshold)
    with database.writing() as connection:  # as short as can be: a run writes, too
        numbers: dict[int, int] = {}
        moved = []
        for track_id, cluster_id in found.items():
            if cluster_id < 0 and cluster_id not in numbers:
                key = connection.execute(sa.insert(clusters).values(state="open")).inserted_primary_key
                numbers[cluster_id] = int(key[0]) if key else 0
            moved.append({"track": track_id, "cluster": numbers.get(cluster_id, cluster_id)})
        statement = sa.update(tracks).where(tracks.c.id == sa.bindparam("track"), _IS_NEW)
        if moved:
            connection.execute(statement.values(cluster_id=sa.bindparam("cluster")), moved)
    return len(found)


def _link(faces: Sequence[_Face], apart: Sequence[tuple[int, set[int]]], *, threshold: float) -> dict[int, int]:
    """Return the cluster of each new track; clusters that do not exist yet have negative numbers."""
    linkage = Linkage(threshold=threshold)
    old: dict[int, list[_Face]] = {}
    for face in faces:
        if face.cluster_id is not None:
            old.setdefault(face.cluster_id, []).append(face)
    for cluster_id, members in old.items():
        linkage.put(cluster_id, [face.track_id for face in members], np.stack([face.vector for face in members]))
    new = [face for face in faces if face.cluster_id is None]
    for number, face in enumerate(new):
        linkage.put(number - len(new), [face.track_id], face.vector[None])
    for track, others in apart:
        linkage.set_apart(track, others)
    linkage.join({number - len(new) for number in range(len(new))})
    fresh = {face.track_id for face in new}
    return {track: key for key, members in linkage.members().items() for track in members if track in fresh}


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
    query = (
        sa.select(
            tracks.c.cluster_id,
            sa.func.count().label("tracks"),
            sa.func.min(tracks.c.began_us).label("first"),
            sa.func.max(tracks.c.ended_us).label("last"),
        )
        .join(clusters, clusters.c.id == tracks.c.cluster_id)
        .where(_UNKNOWN, clusters.c.state == state)
        .group_by(tracks.c.cluster_id)
        .having(sa.func.count() >= least)
        .order_by(sa.desc("tracks"), sa.desc("last"))
        .limit(limit)
    )
    with database.reading() as connection:
        rows = connection.execute(query).all()
        return [
            {
                "cluster": row.cluster_id,
                "tracks": row.tracks,
                "first": from_us(row.first).isoformat(timespec="seconds"),
                "last": from_us(row.last).isoformat(timespec="seconds"),
                **_details(connection, row.cluster_id, wanted),
            }
            for row in rows
        ]


def name_cluster(database: Database, cluster_id: int, name: str) -> int:
    """Give all tracks of a cluster a name; returns the action's id.

    Raises:
        HistoryError: if there is no such cluster.
    """
    with database.writing() as connection:
        found = _members(connection, cluster_id)
        what = f"name cluster {cluster_id} {name!r}: {len(found)} tracks"
        changes = [Change("tracks", key, "given", None, name) for key in found]
        return actions.record(connection, "name", what, changes, person=name)


def set_state(database: Database, cluster_id: int, state: str) -> int:
    """Ignore or discard a cluster, or open it again; returns the action's id.

    Raises:
        HistoryError: if there is no such cluster.
    """
    with database.writing() as connection:
        _members(connection, cluster_id)
        before = connection.execute(sa.select(clusters.c.state).where(clusters.c.id == cluster_id)).scalar_one()
        change = Change("clusters", cluster_id, "state", before, state)
        return actions.record(connection, state, f"cluster {cluster_id} is {state}", [change])


def split(database: Database, cluster_id: int, track_ids: Sequence[int]) -> tuple[int, int]:
    """Move tracks of a cluster into a new one; returns the action's and the new cluster's id.

    Raises:
        HistoryError: if there is no such cluster, or a track is not in it.
    """
    with database.writing() as connection:
        found = _members(connection, cluster_id)
        if strange := sorted(set(track_ids) - set(found)):
            raise HistoryError(f"Track {strange[0]} is not in cluster {cluster_id}; it holds {_listed(found)}.")
        key = connection.execute(sa.insert(clusters).values(state="open")).inserted_primary_key
        new = int(key[0]) if key else 0
        changes = [Change("tracks", track, "cluster_id", cluster_id, new) for track in track_ids]
        what = f"split {len(changes)} tracks from cluster {cluster_id} into {new}"
        return actions.record(connection, "split", what, changes), new


def merge(database: Database, into: int, others: Sequence[int]) -> int:
    """Move all tracks of other clusters into one; returns the action's id.

    Raises:
        HistoryError: if there is no such cluster.
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


def _of_model(query: sa.Select[Any], model: str) -> sa.Select[Any]:
    """Restrict a query of tracks to unknown ones that a model saw, with samples."""
    joined = query.join(samples, samples.c.track_id == tracks.c.id).join(runs, runs.c.id == tracks.c.run_id)
    return joined.where(_UNKNOWN, runs.c.model == model)


def _faces(connection: sa.Connection, model: str, cipher: Cipher) -> list[_Face]:
    query = _of_model(sa.select(tracks, samples.c.vector), model).order_by(tracks.c.id)
    rows: dict[int, sa.Row[Any]] = {}
    sums: dict[int, F32] = {}
    for row in connection.execute(query):
        rows[row.id] = row
        sums[row.id] = sums.get(row.id, np.float32(0)) + from_bytes(cipher.open(row.vector))
    return [
        _Face(row.id, row.cluster_id, row.run_id, row.source, row.began_us, row.ended_us, unit(sums[row.id]))
        for row in rows.values()
    ]


def _beside(faces: Sequence[_Face]) -> list[tuple[int, set[int]]]:
    """Return, for each track, those that the same source showed at the same time: they are other people."""
    apart: list[tuple[int, set[int]]] = []
    open_: list[_Face] = []
    for face in sorted(faces, key=lambda face: (face.run_id, face.source, face.began_us)):
        here = (face.run_id, face.source)
        open_ = [one for one in open_ if (one.run_id, one.source) == here and one.ended_us > face.began_us]
        apart.append((face.track_id, {one.track_id for one in open_}))
        open_.append(face)
    return apart


def _split_before(connection: sa.Connection, faces: Sequence[_Face]) -> list[tuple[int, set[int]]]:
    """Return, for each track that somebody moved out of a cluster, the tracks that it held: they are other people."""
    members: dict[int | None, set[int]] = {}
    for face in faces:
        members.setdefault(face.cluster_id, set()).add(face.track_id)
    moved = [change for change in actions.changes_of(connection, "split") if change.column == "cluster_id"]
    return [(change.id, members.get(change.before, set())) for change in moved]


def _members(connection: sa.Connection, cluster_id: int) -> list[int]:
    query = sa.select(tracks.c.id).where(tracks.c.cluster_id == cluster_id, _UNKNOWN)
    found = [int(key) for key in connection.execute(query.order_by(tracks.c.id)).scalars()]
    if not found:
        raise HistoryError(f"There is no cluster {cluster_id} of unknown people; 'history unknowns' lists them.")
    return found


def _details(connection: sa.Connection, cluster_id: int, wanted: float | None) -> dict[str, Any]:
    where = sa.and_(tracks.c.cluster_id == cluster_id, _UNKNOWN)
    sources = connection.execute(sa.select(tracks.c.source).where(where).distinct().order_by(tracks.c.source)).scalars()
    columns = (tracks.c.nearest, tracks.c.similarity, tracks.c.reasons, runs.c.known)
    query = sa.select(*columns).join(runs, runs.c.id == tracks.c.run_id).where(where)
    best = connection.execute(query.order_by(tracks.c.similarity.desc()).limit(1)).one()
    needed = best.known if wanted is None else wanted
    if best.similarity < needed:
        missing = [f"wanted {needed:.2f}"]
    else:  # something else was missing, such as the margin or evidence
        missing = [reason for reason in json.loads(best.reasons) if not reason.startswith("similarity ")]
    return {
        "sources": list(sources),
        "nearest": best.nearest,
        "similarity": round(best.similarity, 4),
        "wanted": round(needed, 4),
        "missing": missing if best.nearest else [],
        "closest": ", ".join([f"{best.nearest} {best.similarity:.2f}", *missing]) if best.nearest else "",
        "track_ids": _members(connection, cluster_id),
    }


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:10])
    return shown + (f" and {len(numbers) - 10} more" if len(numbers) > 10 else "")
