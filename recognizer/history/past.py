"""Read what tracks were decided from, and give them other names afterwards, as one action."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from recognizer.counting import counted
from recognizer.history import actions
from recognizer.history.actions import Change
from recognizer.history.database import Database
from recognizer.history.moments import template_of
from recognizer.history.records import DecisionFacts, Selection
from recognizer.history.rows import facts_of, from_us
from recognizer.history.schema import moments, revisions, runs, samples, tracks
from recognizer.history.spans import open_vector
from recognizer.history.tracks import conditions
from recognizer.history.vectors import is_packed
from recognizer.types import F32

RELABELLED = 2
"""``tracks.corrected`` of a track whose name a replay gave."""
_BATCH = 500
"""Tracks read at once."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredMoment:
    """A moment as it is stored; times are microseconds since 1970, UTC."""

    at: int
    template: F32
    """(D,) of unit length."""
    is_packed: bool
    """The template was rounded to int8, or a sample of which it is the mean; else to float16."""
    weight: float
    usable_count: int
    nearest: str | None
    similarity: float
    runner_up: float
    """The match in the run."""
    shown_from: int
    shown_until: int
    facts: DecisionFacts
    """What it was decided by."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StoredTrack:
    """A track with what it was decided from."""

    id: int
    run_id: int
    source: str
    began: dt.datetime
    status: str
    person: str | None
    """Its label now, by whomever."""
    is_corrected: bool
    """A person named it or rejected its name."""
    is_relabelled: bool
    """A replay that was applied gave its label."""
    moments: tuple[StoredMoment, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of the selected tracks can be replayed."""

    comparable: int
    other_model: int
    """Seen with another model, whose vectors cannot be compared."""
    without_moments: int
    """Saved by an earlier version, which did not keep what is needed; or no sample of them could be taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLabel:
    """What a track is called from now on."""

    track_id: int
    was: str | None
    status: str
    person: str | None
    nearest: str | None
    similarity: float
    margin: float
    reasons: tuple[str, ...]


def count_tracks(database: Database, selection: Selection, *, model: str) -> Counts:
    """Count the selected tracks."""
    of_model, whole = runs.c.model == model, sa.and_(runs.c.decision.is_not(None), _HAS_MOMENTS)
    query = sa.select(of_model.label("of_model"), whole.label("whole"), sa.func.count().label("number"))
    query = query.select_from(tracks.join(runs)).where(*conditions(selection)).group_by(of_model, whole)
    with database.reading() as connection:
        found = {(bool(row.of_model), bool(row.whole)): int(row.number) for row in connection.execute(query)}
    other = sum(count for (same, _), count in found.items() if not same)
    return Counts(found.get((True, True), 0), other, found.get((True, False), 0))


def read_tracks(
    database: Database, selection: Selection, *, model: str, most: int | None = None
) -> Iterator[list[StoredTrack]]:
    """Yield the selected tracks of a model in batches, by their run and source.

    Args:
        database: the history.
        selection: which tracks.
        model: fingerprint.
        most: only so many of the newest.

    Raises:
        HistoryError: if the database cannot be read, or a vector was altered.
    """
    newest = sa.select(tracks.c.id).select_from(tracks.join(runs))
    newest = newest.where(runs.c.model == model, runs.c.decision.is_not(None), _HAS_MOMENTS, *conditions(selection))
    newest = newest.order_by(tracks.c.began_us.desc(), tracks.c.id.desc()).limit(most)
    query = sa.select(tracks).select_from(tracks.join(runs)).where(tracks.c.id.in_(newest))
    query = query.order_by(tracks.c.run_id, tracks.c.source, tracks.c.id)
    with database.reading() as connection:
        rows = connection.execute(query).all()
        for begin in range(0, len(rows), _BATCH):
            part = rows[begin : begin + _BATCH]
            of_track = _moments(connection, database, part)
            yield [_stored(row, of_track[row.id]) for row in part if row.id in of_track]


def read_track(database: Database, track_id: int) -> StoredTrack | None:
    """Return a track with what it was decided from, of whatever model; ``None`` where nothing of that was kept.

    Raises:
        HistoryError: if the database cannot be read, or a vector was altered.
    """
    query = sa.select(tracks).select_from(tracks.join(runs))
    query = query.where(tracks.c.id == track_id, runs.c.decision.is_not(None))
    with database.reading() as connection:
        row = connection.execute(query).one_or_none()
        if row is None:
            return None
        of_track = _moments(connection, database, [row])
    return _stored(row, of_track[track_id]) if track_id in of_track else None


def relabel(database: Database, labels: Sequence[NewLabel], what: str) -> tuple[int, int]:
    """Give tracks other names, as one action; those whose name was changed or deleted meanwhile stay as they are.

    Args:
        database: the history.
        labels: what they are called from now on.
        what: the action in words; ``{tracks}`` is replaced by how many they are.

    Returns:
        The action's id, and the number of tracks that were relabelled.

    Raises:
        HistoryError: if the database cannot be written.
    """
    changes: list[Change] = []
    count = 0
    with database.writing() as connection:
        for begin in range(0, len(labels), _BATCH):
            part = labels[begin : begin + _BATCH]
            query = sa.select(tracks).where(tracks.c.id.in_([label.track_id for label in part]))
            rows = {row.id: row for row in connection.execute(query)}
            for label in part:
                row = rows.get(label.track_id)
                if row is not None and (row.person if row.given is None else row.given) == label.was:
                    count += 1
                    changes += [
                        Change("tracks", row.id, column, getattr(row, column), value)
                        for column, value in _columns(label).items()
                    ]
        return actions.record(connection, "replay", what.replace("{tracks}", counted(count, "track")), changes), count


_HAS_MOMENTS = sa.exists().where(moments.c.track_id == tracks.c.id)


def _columns(label: NewLabel) -> dict[str, Any]:
    return {
        "status": label.status,
        "person": label.person,
        "given": None,
        "nearest": label.nearest,
        "similarity": label.similarity,
        "margin": label.margin,
        "reasons": json.dumps(label.reasons, ensure_ascii=False),
        "corrected": RELABELLED,
    }


def _stored(row: sa.Row[Any], of_track: tuple[StoredMoment, ...]) -> StoredTrack:
    return StoredTrack(
        id=row.id,
        run_id=row.run_id,
        source=row.source,
        began=from_us(row.began_us),
        status=row.status,
        person=row.person if row.given is None else row.given,
        is_corrected=row.given is not None or row.corrected == 1,
        is_relabelled=row.corrected == RELABELLED,
        moments=of_track,
    )


def _facts(connection: sa.Connection, run_ids: set[int]) -> dict[tuple[int, int], DecisionFacts]:
    """Return what decisions depended on, by run and revision."""
    first = sa.select(runs.c.id.label("run_id"), sa.literal(0).label("number"), runs.c.decision, runs.c.gallery)
    later = sa.select(revisions).where(revisions.c.run_id.in_(run_ids))
    rows = [*connection.execute(first.where(runs.c.id.in_(run_ids))), *connection.execute(later)]
    return {(row.run_id, row.number): facts_of(row) for row in rows}


def _moments(
    connection: sa.Connection, database: Database, some: Sequence[sa.Row[Any]]
) -> dict[int, tuple[StoredMoment, ...]]:
    run_of = {row.id: row.run_id for row in some}
    query = sa.select(moments).where(moments.c.track_id.in_(run_of)).order_by(moments.c.track_id, moments.c.place)
    rows = connection.execute(query).all()
    facts = _facts(connection, set(run_of.values()))
    means = sorted({row.track_id for row in rows if row.vector is None})
    columns = (samples.c.track_id, samples.c.at_us, samples.c.weight, samples.c.vector)
    parts: dict[int, list[tuple[int, F32, float]]] = {}
    rounded: set[int] = set()
    for row in connection.execute(sa.select(*columns).where(samples.c.track_id.in_(means)).order_by(samples.c.at_us)):
        vector = open_vector(database, row.vector)
        parts.setdefault(row.track_id, []).append((row.at_us, vector, row.weight or 0.0))
        if is_packed(row.vector):
            rounded.add(row.track_id)
    found: dict[int, tuple[StoredMoment, ...]] = {}
    for row in rows:
        if row.vector is not None:
            template = open_vector(database, row.vector)
        else:
            own = parts.get(row.track_id, [])
            template = template_of((vector, weight) for at, vector, weight in own if at <= row.at_us)
        moment = StoredMoment(
            at=row.at_us,
            template=template,
            is_packed=row.track_id in rounded if row.vector is None else is_packed(row.vector),
            weight=row.weight,
            usable_count=row.usable_count,
            nearest=row.nearest,
            similarity=row.similarity,
            runner_up=row.runner_up,
            shown_from=row.shown_from_us,
            shown_until=row.shown_until_us,
            facts=facts[run_of[row.track_id], row.revision],
        )
        found[row.track_id] = (*found.get(row.track_id, ()), moment)
    return found
