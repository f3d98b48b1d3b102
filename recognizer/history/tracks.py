"""List tracks by person, source and time, and show one of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from recognizer.history import cursors
from recognizer.history.database import Database
from recognizer.history.records import Seen, Selection, Span
from recognizer.history.refusals import NotThereError
from recognizer.history.rows import from_us, to_us
from recognizer.history.schema import moments, revisions, runs, samples, tracks

_AT_ONCE = 2000
"""Rows that are read at once."""


def list_tracks(database: Database, selection: Selection, *, limit: int | None = None) -> list[Seen]:
    """Return the tracks, the newest first.

    Raises:
        HistoryError: if the database cannot be read.
    """
    with database.reading() as connection:
        return [seen_of(row) for row in connection.execute(_newest_first(selection).limit(limit))]


def page_of_tracks(
    database: Database, selection: Selection, *, limit: int, after: str | None = None
) -> tuple[list[Seen], str | None]:
    """Return some tracks, the newest first, and the cursor of those that follow; ``None`` at the end.

    Tracks that come meanwhile move nothing: a cursor stands for a time and a track, not for a count.

    Args:
        database: the history.
        selection: which tracks.
        limit: most tracks.
        after: the cursor that came with the page before.

    Raises:
        HistoryError: if the database cannot be read.
        UsageError: if it is no cursor.
    """
    query = _newest_first(selection)
    if after is not None:
        began_us, key = cursors.decode(after, 2)
        query = query.where(
            sa.and_(
                tracks.c.began_us <= began_us,  # an index answers this; it cannot answer the next one
                sa.or_(tracks.c.began_us < began_us, tracks.c.id < key),
            )
        )
    with database.reading() as connection:
        rows = connection.execute(query.limit(limit + 1)).all()
    more = cursors.encode(rows[limit - 1].began_us, rows[limit - 1].id) if len(rows) > limit else None
    return [seen_of(row) for row in rows[:limit]], more


def _newest_first(selection: Selection) -> sa.Select[Any]:
    query = sa.select(tracks).where(*conditions(selection))
    return query.order_by(tracks.c.began_us.desc(), tracks.c.id.desc())


def named_spans(database: Database, selection: Selection) -> Iterator[Span]:
    """Yield the tracks that have a person, the earliest first; some at a time, however many they are.

    Raises:
        HistoryError: if the database cannot be read.
    """
    person = sa.func.coalesce(tracks.c.given, tracks.c.person).label("person")
    query = sa.select(tracks.c.id, tracks.c.source, tracks.c.began_us, tracks.c.ended_us, person)
    query = query.where(*conditions(selection), person.is_not(None)).order_by(tracks.c.began_us, tracks.c.id)
    with database.reading() as connection:
        for row in connection.execution_options(yield_per=_AT_ONCE).execute(query):
            yield Span(row.id, row.source, from_us(row.began_us), from_us(row.ended_us), row.person)


def count_named(database: Database, selection: Selection) -> int:
    """Return how many tracks ``named_spans`` would yield.

    Raises:
        HistoryError: if the database cannot be read.
    """
    person = sa.func.coalesce(tracks.c.given, tracks.c.person)
    query = sa.select(sa.func.count()).select_from(tracks).where(*conditions(selection), person.is_not(None))
    with database.reading() as connection:
        return int(connection.execute(query).scalar_one())


def conditions(selection: Selection) -> list[sa.ColumnElement[bool]]:
    """Return what a selection demands of ``tracks``."""
    wanted: list[sa.ColumnElement[bool]] = []
    if selection.person is not None:
        recognised = sa.and_(tracks.c.given.is_(None), tracks.c.person == selection.person)
        wanted.append(sa.or_(tracks.c.given == selection.person, recognised))  # two conditions that indexes answer
    # with a person, no index but the person's: SQLite would go through all tracks of a source or after a time
    of_person = selection.person is not None
    if selection.source is not None:
        wanted.append((tracks.c.source.concat("") if of_person else tracks.c.source) == selection.source)
    if selection.status is not None:
        wanted.append(sa.and_(tracks.c.status == selection.status, tracks.c.given.is_(None)))
    if selection.named is not None:
        name = sa.func.coalesce(tracks.c.given, tracks.c.person)
        wanted.append(name.is_not(None) if selection.named else name.is_(None))
    if selection.since is not None:
        wanted.append((tracks.c.ended_us + 0 if of_person else tracks.c.ended_us) >= to_us(selection.since))
    if selection.until is not None:
        wanted.append(tracks.c.began_us < to_us(selection.until))
    return wanted


def get_track(database: Database, track_id: int) -> tuple[Seen, dict[str, Any]]:
    """Return a track and its details: run, model, and its samples without vectors.

    Raises:
        HistoryError: if there is no such track.
    """
    with database.reading() as connection:
        row = connection.execute(sa.select(tracks).where(tracks.c.id == track_id)).one_or_none()
        if row is None:
            raise NotThereError(f"There is no track {track_id} in {database.place}; see 'history list'.")
        run = connection.execute(sa.select(runs).where(runs.c.id == row.run_id)).one()
        known = _known(connection, row, run)
        found = connection.execute(sa.select(samples).where(samples.c.track_id == track_id).order_by(samples.c.rank))
        kept = [_sample(sample) for sample in found]
    details = {"track_id": row.number, "at_s": round(row.at_s, 3), "model": run.model, "known": known}
    return seen_of(row), {**details, "samples": kept}


def _known(connection: sa.Connection, track: sa.Row[Any], run: sa.Row[Any]) -> float:
    """Return the similarity that a name needed when the track was last decided."""
    newest = sa.select(moments.c.revision).where(moments.c.track_id == track.id).order_by(moments.c.place.desc())
    query = sa.select(revisions.c.decision).where(revisions.c.run_id == run.id)
    later = connection.execute(query.where(revisions.c.number == newest.limit(1).scalar_subquery())).scalar()
    return float(run.known if later is None else json.loads(later)["known"])


def list_sources(database: Database) -> list[dict[str, Any]]:
    """Return each source with its number of tracks, and when it first and last saw somebody."""
    query = sa.select(
        tracks.c.source,
        sa.func.count().label("tracks"),
        sa.func.min(tracks.c.began_us).label("first"),
        sa.func.max(tracks.c.ended_us).label("last"),
    ).group_by(tracks.c.source)
    with database.reading() as connection:
        rows = connection.execute(query.order_by(tracks.c.source)).all()
    return [
        {
            "source": row.source,
            "tracks": row.tracks,
            "first": from_us(row.first).isoformat(timespec="seconds"),
            "last": from_us(row.last).isoformat(timespec="seconds"),
        }
        for row in rows
    ]


def seen_of(row: sa.Row[Any]) -> Seen:
    """Make a track of a row."""
    return Seen(
        id=row.id,
        source=row.source,
        began=from_us(row.began_us),
        ended=from_us(row.ended_us),
        status=row.status if row.given is None else "named later",
        person=row.person if row.given is None else row.given,
        nearest=row.nearest,
        similarity=row.similarity,
        margin=row.margin,
        reasons=tuple(json.loads(row.reasons)),
        frames=row.frames,
        at_s=row.at_s,
    )


def _sample(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "at": from_us(row.at_us).isoformat(timespec="milliseconds"),
        "eyes_px": round(row.eyes_px, 1),
        "sharpness": round(row.sharpness, 1),
        "yaw_deg": round(row.yaw_deg, 1),
        "roll_deg": round(row.roll_deg, 1),
        "score": round(row.score, 4),
        "has_crop": row.crop is not None,
    }


def by_ids(database: Database, ids: Sequence[int]) -> dict[int, Seen]:
    """Return some tracks by id; ids that do not exist are missing."""
    with database.reading() as connection:
        return {row.id: seen_of(row) for row in connection.execute(sa.select(tracks).where(tracks.c.id.in_(ids)))}
