"""Count the names of a time span: given by the recognition, rejected by people, and missing."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

import sqlalchemy as sa

from recognizer.history.database import Database
from recognizer.history.rows import to_us
from recognizer.history.schema import actions, rejections, runs, tracks


@dataclass(frozen=True, slots=True)
class NameCounts:
    """Tracks of a time span."""

    sources: int
    named: int
    """Tracks that the recognition named, also those whose name was rejected."""
    strangers: int
    """Tracks without a name, and those whose name was rejected."""
    rejected: int
    """Tracks whose name, given by the recognition, a person rejected."""


@dataclass(frozen=True, slots=True)
class NearestMatch:
    """How near a track came to a person."""

    similarity: float
    margin: float
    is_named: bool
    """By the recognition."""


def count_names(
    database: Database, model: str, since: dt.datetime, until: dt.datetime, *, newest: int = 0
) -> tuple[NameCounts, list[NearestMatch]]:
    """Count the tracks of a model, and return the matches of the newest ones.

    Args:
        database: the history.
        model: fingerprint; only its tracks count.
        since: tracks that ended from then on count.
        until: and began before.
        newest: matches that are returned, at most.

    Raises:
        HistoryError: if the database cannot be read.
    """
    of_track = sa.exists().where(rejections.c.track_id == tracks.c.id, rejections.c.active == 1)
    named = sa.and_(tracks.c.person.is_not(None), tracks.c.status == "known")
    spans = (runs.c.model == model, tracks.c.ended_us >= to_us(since), tracks.c.began_us < to_us(until))
    joined = tracks.join(runs, runs.c.id == tracks.c.run_id)
    count = sa.func.count().filter
    matches = sa.select(tracks.c.similarity, tracks.c.margin, named.label("named")).select_from(joined).where(*spans)
    matches = matches.order_by(tracks.c.began_us.desc()).limit(newest)
    with database.reading() as connection:
        rejected = sa.and_(of_track, tracks.c.id.not_in(_named_by_hand(connection)))
        query = sa.select(
            sa.func.count(tracks.c.source.distinct()).label("sources"),
            count(sa.or_(named, rejected)).label("named"),
            count(sa.not_(named)).label("strangers"),
            count(rejected).label("rejected"),
        )
        found = connection.execute(query.select_from(joined).where(*spans)).one()
        near = [NearestMatch(row.similarity, row.margin, bool(row.named)) for row in connection.execute(matches)]
    return NameCounts(found.sources, found.named, found.strangers, found.rejected), near


def _named_by_hand(connection: sa.Connection) -> list[int]:
    """Return the rejected tracks whose name a person had given: no wrong name of the recognition."""
    query = sa.select(actions.c.changes).where(actions.c.kind == "reject", actions.c.undone_us.is_(None))
    by_hand = []
    for text in connection.execute(query).scalars():
        of_track = {column: number for table, number, column, _, _ in json.loads(text) if table == "tracks"}
        if "given" in of_track and "person" not in of_track:
            by_hand.append(of_track["given"])
    return by_hand
