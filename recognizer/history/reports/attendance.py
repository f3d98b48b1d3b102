"""What a report says, before it is written in some format."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from dataclasses import dataclass
from typing import Any

from recognizer.errors import UsageError
from recognizer.history.database import Database
from recognizer.history.records import Selection, short_sources
from recognizer.history.sightings import GAP_S, Period, Presence, Sighting, SightingMerger, presences, within
from recognizer.history.tracks import named_spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Who was present in a time span."""

    by: Period
    zone: dt.tzinfo | None
    """Whose days and hours count; ``None`` for this machine's."""
    since: dt.datetime | None
    until: dt.datetime | None
    made: dt.datetime
    rows: tuple[Presence, ...]
    """Of each person and source, in each period."""
    sightings: tuple[Sighting, ...]
    """Of each person and source, cut to the time span."""
    visits: tuple[Sighting, ...]
    """The same across sources: a person whom two cameras see at once is there once."""

    @property
    def zone_name(self) -> str:
        """The time zone in words, as Europe/Berlin or UTC."""
        if isinstance(self.zone, zoneinfo.ZoneInfo):
            return self.zone.key
        return self.local(self.made).tzname() or "this machine's time"

    def local(self, moment: dt.datetime) -> dt.datetime:
        """Return a moment in the report's zone."""
        return moment.astimezone(self.zone)

    def short_names(self) -> dict[str, str]:
        """Return a short name of each source, for people to read."""
        return short_sources({one.source for one in self.sightings})

    def as_rows(self) -> list[dict[str, Any]]:
        """Return the rows as objects for JSON and tables."""
        return [row.as_dict(self.by) for row in self.rows]


def make_report(
    database: Database,
    selection: Selection,
    *,
    by: Period,
    zone: dt.tzinfo | None = None,
    gap_s: float = GAP_S,
    made: dt.datetime | None = None,
) -> Report:
    """Read who was present.

    Args:
        database: the history.
        selection: person, source and time span; sightings that go beyond the span are cut.
        by: see ``sightings.presences``.
        zone: whose midnights count; this machine's by default.
        gap_s: seconds out of sight within which a person counts as present.
        made: time of the report; now by default.

    Raises:
        HistoryError: if the database cannot be read.
    """
    mergers = [SightingMerger(gap_s=gap_s, across_sources=across) for across in (False, True)]
    for track in named_spans(database, selection):
        for merger in mergers:
            merger.add(track)
    found, visits = (tuple(within(merger.sightings(), selection.since, selection.until)) for merger in mergers)
    return Report(
        by=by,
        zone=zone,
        since=selection.since,
        until=selection.until,
        made=made or dt.datetime.now(dt.UTC),
        rows=tuple(presences(found, by=by, zone=zone)),
        sightings=found,
        visits=visits,
    )


def time_zone(name: str) -> zoneinfo.ZoneInfo:
    """Return a time zone by its name in the IANA data base.

    Raises:
        UsageError: if there is none of this name.
    """
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # a folder of zones, a path, a control character
        raise UsageError(f"Time zone: wanted a name such as Europe/Berlin or UTC, got {name!r}.") from None
