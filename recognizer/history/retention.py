"""Delete what is old, and everything of a person who wants to be forgotten."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from recognizer.history import announcements, face_blocks
from recognizer.history.database import REPLACED, STAGING, Database
from recognizer.history.refusals import NotThereError
from recognizer.history.rows import to_us
from recognizer.history.schema import NAMED, actions, facts, files, moments, rejections, samples, tracks

_BATCH = 2000
"""Tracks deleted in one transaction, so that the writer waits for at most some hundredths of a second."""

_UNFINISHED = "forgetting"
"""Fact of a history from which somebody was deleted, and whose file was not rewritten yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long what is kept; ``None`` for ever."""

    known_days: float | None = 90
    unknown_days: float | None = 30
    """Also for undecided tracks. A track that was named later is a known one."""
    crops_days: float | None = 7


def purge(database: Database, retention: Retention, *, now: dt.datetime) -> int:
    """Delete tracks and crops that are older than the retention allows; returns the number of tracks.

    Raises:
        HistoryError: if the database cannot be written.
    """
    deleted = sum(_delete(database, which) for which in _old(retention, now))
    if retention.crops_days is not None:
        old = sa.and_(samples.c.at_us < _before(now, retention.crops_days), samples.c.crop.is_not(None))
        with database.writing() as connection:
            connection.execute(sa.update(samples).where(old).values(crop=None))
    return deleted


def count_old(database: Database, retention: Retention, *, now: dt.datetime) -> int:
    """Return how many tracks ``purge`` would delete."""
    counts = [sa.select(sa.func.count()).select_from(tracks).where(which) for which in _old(retention, now)]
    with database.reading() as connection:
        return sum(connection.execute(query).scalar_one() for query in counts)


def _old(retention: Retention, now: dt.datetime) -> list[sa.ColumnElement[bool]]:
    """Return conditions of the tracks that are older than the retention allows."""
    kinds = ((retention.known_days, NAMED), (retention.unknown_days, sa.not_(NAMED)))
    seen = tracks.c.run_id.not_in(sa.select(files.c.run_id))  # an archive is older than that, and kept by its owner
    return [sa.and_(tracks.c.ended_us < _before(now, days), kind, seen) for days, kind in kinds if days is not None]


def forget_person(database: Database, name: str) -> int:
    """Delete every track of a person, and their name wherever else it stands; returns the number of tracks.

    Rejections of the person's tracks are deleted, too, as are actions that name them, which can no longer be undone;
    so is a history that ``backup.restore`` replaced. The file is rewritten afterwards, so that no byte of it holds
    what was deleted; if that fails, as while another process reads it, it is done when anybody is forgotten again.
    Names that were merged into this one are taken out of reasons and actions.

    Raises:
        NotThereError: if nothing is known of the person.
        HistoryError: if the database cannot be written.
    """
    was_unfinished = _begin(database)
    deleted = _delete(database, sa.or_(tracks.c.given == name, tracks.c.person == name), with_rejections=True)
    with database.writing() as connection:
        named = connection.execute(sa.delete(rejections).where(rejections.c.person == name)).rowcount
        names = _names_of(connection, name)
        for known in names:
            named += _forget_in_tracks(connection, known)
            in_moments = sa.update(moments).where(moments.c.nearest == known)
            named += connection.execute(in_moments.values(nearest=None, similarity=-1.0, runner_up=-1.0)).rowcount
        for row in connection.execute(sa.select(actions.c.id, actions.c.person, actions.c.changes)).all():
            values = [text for change in json.loads(row.changes) for text in change[3:] if isinstance(text, str)]
            if row.person in names or any(
                text == known or _mentions(text, known) for text in values for known in names
            ):
                connection.execute(sa.delete(actions).where(actions.c.id == row.id))
                named += 1
        for token, plan in announcements.rows(connection).items():
            if any(_mentions(json.dumps(plan, ensure_ascii=False), known) for known in names):
                announcements.done(connection, token)
    if not deleted and not named and not was_unfinished:
        _finish(database)
        raise NotThereError(f"The history {database.place} knows nobody named {name!r}; 'history list' shows names.")
    database.rewrite()
    if database.file is not None:
        for leftover in (REPLACED, f".{REPLACED}.part"):
            database.file.with_name(leftover).unlink(missing_ok=True)
        shutil.rmtree(database.file.with_name(STAGING), ignore_errors=True)  # of a restore that was killed
    _finish(database)
    return deleted


def _begin(database: Database) -> bool:
    """Note that the file must be rewritten; returns whether that is still to be done since an earlier time."""
    with database.writing() as connection:
        was_unfinished = connection.execute(sa.select(facts.c.name).where(facts.c.name == _UNFINISHED)).first()
        if was_unfinished is None:
            connection.execute(sa.insert(facts).values(name=_UNFINISHED, value=b""))
    return was_unfinished is not None


def _finish(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(sa.delete(facts).where(facts.c.name == _UNFINISHED))


def _names_of(connection: sa.Connection, name: str) -> set[str]:
    """Return a name and those that were merged into it or changed to it."""
    query = sa.select(actions.c.changes).where(actions.c.kind.in_(("merge-people", "rename")))
    rows = connection.execute(query.where(actions.c.undone_us.is_(None)).order_by(actions.c.id.desc())).scalars()
    names = {name}
    for values in (values for row in rows for values in json.loads(row)):
        if values[0] == "names" and values[4] in names:
            names.add(values[3])
    return names


def _forget_in_tracks(connection: sa.Connection, name: str) -> int:
    """Take a name out of other people's tracks: as the nearest person, and in reasons."""
    written = json.dumps(name, ensure_ascii=False)[1:-1]
    mentions = sa.or_(tracks.c.nearest == name, tracks.c.reasons.contains(written, autoescape=True))
    changed: list[dict[str, Any]] = []
    for row in connection.execute(sa.select(tracks.c.id, tracks.c.nearest, tracks.c.reasons).where(mentions)).all():
        reasons = json.loads(row.reasons)
        kept = [reason for reason in reasons if not _mentions(reason, name)]
        nearest = None if row.nearest == name else row.nearest
        if (nearest, kept) != (row.nearest, reasons):
            changed.append({"row": row.id, "new_nearest": nearest, "left": json.dumps(kept, ensure_ascii=False)})
    if changed:  # together: one by one, 100,000 tracks would keep a run's writer waiting for 9 s
        update = sa.update(tracks).where(tracks.c.id == sa.bindparam("row"))
        update = update.values(nearest=sa.bindparam("new_nearest"), reasons=sa.bindparam("left"))
        connection.execute(update, changed)
    return len(changed)


def _mentions(text: str, name: str) -> bool:
    """Whether a name stands in a text as a whole; in JSON as it is written there."""
    written = json.dumps(name, ensure_ascii=False)[1:-1]
    return text == name or any(re.search(rf"(?<!\w){re.escape(form)}(?!\w)", text) for form in {name, written})


def _delete(database: Database, which: sa.ColumnElement[bool], *, with_rejections: bool = False) -> int:
    deleted = 0
    while True:
        with database.writing() as connection:
            ids = connection.execute(sa.select(tracks.c.id).where(which).limit(_BATCH)).scalars().all()
            if not ids:
                return deleted
            if with_rejections:
                connection.execute(sa.delete(rejections).where(rejections.c.track_id.in_(ids)))
            delete_tracks(connection, ids)
            deleted += len(ids)


def delete_tracks(connection: sa.Connection, ids: Sequence[int]) -> None:
    """Delete some tracks, at most thousands, with everything that is kept of them but rejections."""
    face_blocks.drop(connection, ids)
    for table in (samples, moments):
        connection.execute(sa.delete(table).where(table.c.track_id.in_(ids)))
    connection.execute(sa.delete(tracks).where(tracks.c.id.in_(ids)))


def _before(now: dt.datetime, days: float) -> int:
    return to_us(now - dt.timedelta(days=days))
