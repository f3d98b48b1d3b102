"""Past events: each track of the history with the model and the gallery that it was decided by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from recognizer.history.database import Database
from recognizer.history.records import Seen, Selection
from recognizer.history.rows import to_us
from recognizer.history.schema import moments, revisions, runs, samples, tracks
from recognizer.history.tracks import page_of_tracks
from recognizer.types import EventKind


@dataclass(frozen=True, slots=True)
class PastEvent:
    """A track of the history."""

    seen: Seen
    number: int
    """``track_id`` of the run's events."""
    at_s: float
    """Of the beginning, seconds in the source's own time."""
    model: str
    gallery: str | None
    """Revision of the gallery when it was last decided; ``None`` where an earlier version saved it."""
    crop: int | None
    """Rank of the best sample of which a crop is kept."""

    @property
    def kind(self) -> EventKind:
        """``RECOGNISED`` if the track bears a name, else ``APPEARED``."""
        return EventKind.APPEARED if self.seen.person is None else EventKind.RECOGNISED


def page_of_events(
    database: Database,
    selection: Selection,
    *,
    limit: int,
    after: str | None = None,
    crops_since: dt.datetime | None = None,
) -> tuple[list[PastEvent], str | None]:
    """Return some tracks, the newest first, and the cursor of those that follow; see ``tracks.page_of_tracks``."""
    seen, more = page_of_tracks(database, selection, limit=limit, after=after)
    return events_of(database, seen, crops_since=crops_since), more


def events_of(database: Database, seen: Sequence[Seen], *, crops_since: dt.datetime | None = None) -> list[PastEvent]:
    """Return the events of some tracks, in their order; tracks that were deleted meanwhile are missing.

    Args:
        database: the history.
        seen: the tracks.
        crops_since: older crops do not count; ``None``: all do.

    Raises:
        HistoryError: if the database cannot be read.
    """
    ids = [track.id for track in seen]
    newest = sa.select(moments.c.revision).where(moments.c.track_id == tracks.c.id)
    newest = newest.order_by(moments.c.place.desc()).limit(1)
    later = sa.and_(revisions.c.run_id == runs.c.id, revisions.c.number == newest.scalar_subquery())
    gallery = sa.func.coalesce(revisions.c.gallery, runs.c.gallery).label("gallery")
    columns = (tracks.c.id, tracks.c.number, tracks.c.at_s, runs.c.model, gallery)
    query = sa.select(*columns).join(runs, runs.c.id == tracks.c.run_id).join(revisions, later, isouter=True)
    query = query.where(tracks.c.id.in_(ids))
    kept = sa.select(samples.c.track_id, sa.func.min(samples.c.rank).label("rank"))
    kept = kept.where(samples.c.track_id.in_(ids), samples.c.crop.is_not(None)).group_by(samples.c.track_id)
    if crops_since is not None:
        kept = kept.where(samples.c.at_us >= to_us(crops_since))
    with database.reading() as connection:
        rows = {row.id: row for row in connection.execute(query)}
        crops = {row.track_id: int(row.rank) for row in connection.execute(kept)}
    return [
        PastEvent(track, row.number, row.at_s, row.model, row.gallery or None, crops.get(track.id))
        for track in seen
        if (row := rows.get(track.id)) is not None
    ]
