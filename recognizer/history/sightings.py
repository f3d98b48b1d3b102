"""Merge a person's tracks into sightings, and sum sightings up for a report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from recognizer.history.records import Seen, Span

GAP_S = 300.0
"""A person who is seen again within this time was there all the while."""

Period = Literal["day", "hour", "person"]


@dataclass(slots=True)
class _Merged:
    person: str
    sources: dict[str, None]
    """In the order in which the person came to them."""
    began: dt.datetime
    ended: dt.datetime
    track_ids: list[int]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A person, without a long gap."""

    person: str
    sources: tuple[str, ...]
    """One, or several if sources were merged, in the order in which the person came to them."""
    began: dt.datetime
    ended: dt.datetime
    track_ids: tuple[int, ...]

    @property
    def source(self) -> str:
        """All sources, in words."""
        return ", ".join(self.sources)

    @property
    def tracks(self) -> int:
        """Number of tracks."""
        return len(self.track_ids)

    @property
    def seconds(self) -> float:
        """Length, s."""
        return self.ended.timestamp() - self.began.timestamp()  # exact also where the clocks change

    def as_dict(self, zone: dt.tzinfo | None = None) -> dict[str, Any]:
        """Return the fields for JSON; times as ISO 8601 in a zone, this machine's by default."""
        return {
            "person": self.person,
            "sources": list(self.sources),
            "began": self.began.astimezone(zone).isoformat(timespec="seconds"),
            "ended": self.ended.astimezone(zone).isoformat(timespec="seconds"),
            "seconds": round(self.seconds, 1),
            "track_ids": list(self.track_ids),
        }


@dataclass(slots=True)
class Presence:
    """A person at a source: when, how long, how often; in a day, an hour or altogether."""

    period: str
    """As 2026-03-02, or 2026-03-02 08:00; an hour that occurs twice has its distance from UTC, too."""
    person: str
    source: str
    first: dt.datetime
    last: dt.datetime
    seconds: float = 0.0
    sightings: int = 0

    def as_dict(self, by: Period) -> dict[str, Any]:
        """Return the fields for JSON; times as ISO 8601 with their zone."""
        return {
            **({} if by == "person" else {by: self.period}),
            "person": self.person,
            "source": self.source,
            "first": self.first.isoformat(timespec="seconds"),
            "last": self.last.isoformat(timespec="seconds"),
            "seconds": round(self.seconds, 1),
            "sightings": self.sightings,
        }


class SightingMerger:
    """Merges the named tracks of each person and source; it keeps sightings, not tracks.

    Args:
        gap_s: longest gap within a sighting, s.
        across_sources: a person who goes from one source to another goes on being seen.
    """

    def __init__(self, *, gap_s: float = GAP_S, across_sources: bool = False) -> None:
        self._gap = dt.timedelta(seconds=gap_s)
        self._across = across_sources
        self._merged: list[_Merged] = []
        self._last: dict[tuple[str, str], _Merged] = {}

    def add(self, track: Seen | Span) -> None:
        """Take the next track in the order of their beginnings; those without a person are ignored."""
        if track.person is None:
            return
        key = track.person, "" if self._across else track.source
        last = self._last.get(key)
        if last is not None and track.began - last.ended <= self._gap:
            last.sources.setdefault(track.source)
            last.ended = max(last.ended, track.ended)
            last.track_ids.append(track.id)
            return
        self._last[key] = new = _Merged(track.person, {track.source: None}, track.began, track.ended, [track.id])
        self._merged.append(new)

    def sightings(self) -> list[Sighting]:
        """Return what was merged, sorted by their beginning."""
        return [
            Sighting(one.person, tuple(one.sources), one.began, one.ended, tuple(one.track_ids)) for one in self._merged
        ]


def sightings(seen: Iterable[Seen | Span], *, gap_s: float = GAP_S, across_sources: bool = False) -> list[Sighting]:
    """Merge the named tracks of each person and source; sorted by their beginning.

    Args:
        seen: tracks in any order; those without a person are ignored.
        gap_s: longest gap within a sighting, s.
        across_sources: a person who goes from one source to another goes on being seen.
    """
    merger = SightingMerger(gap_s=gap_s, across_sources=across_sources)
    for track in sorted(seen, key=lambda track: track.began):
        merger.add(track)
    return merger.sightings()


def within(found: Iterable[Sighting], since: dt.datetime | None, until: dt.datetime | None) -> list[Sighting]:
    """Cut sightings to a time span; what lies outside is dropped."""
    cut = []
    for one in found:
        began = one.began if since is None else max(one.began, since)
        ended = one.ended if until is None else min(one.ended, until)
        if began < ended or began == ended == one.began:
            cut.append(Sighting(one.person, one.sources, began, ended, one.track_ids))
    return cut


def presences(found: Iterable[Sighting], *, by: Period, zone: dt.tzinfo | None = None) -> list[Presence]:
    """Sum up when each person was where; sorted by period, person and source.

    Args:
        found: sightings.
        by: one row for each person, source and day or hour, or for each person and source.
        zone: whose midnights count; this machine's by default. A sighting over midnight counts on both days.
    """
    rows: dict[tuple[float, str, str], Presence] = {}
    for sighting in found:
        for began, ended in parts(sighting.began, sighting.ended, by=by, zone=zone):
            starts, period = _period(began, by, zone)
            row = rows.setdefault(
                (starts, sighting.person, sighting.source),
                Presence(period, sighting.person, sighting.source, began, ended),
            )
            # not the times themselves: in a ZoneInfo they compare by the clock, which is set back once a year
            row.first = min(row.first, began, key=dt.datetime.timestamp)
            row.last = max(row.last, ended, key=dt.datetime.timestamp)
            row.seconds += ended.timestamp() - began.timestamp()
            row.sightings += 1
    return [row for _, row in sorted(rows.items(), key=lambda item: item[0])]


def report(found: Iterable[Sighting], *, by: Period, zone: dt.tzinfo | None = None) -> list[dict[str, Any]]:
    """Return ``presences`` as objects for JSON: first and last time, seconds present, number of sightings."""
    return [row.as_dict(by) for row in presences(found, by=by, zone=zone)]


def parts(
    began: dt.datetime, ended: dt.datetime, *, by: Period, zone: dt.tzinfo | None
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Cut a time span at the midnights or full hours of a zone; times in this zone."""
    began, ended = began.astimezone(zone), ended.astimezone(zone)
    while by != "person":
        following = _next_hour(began, zone) if by == "hour" else next_midnight(began, zone)
        if following.timestamp() >= ended.timestamp():
            break
        yield began, following
        began = following
    yield began, ended


def midnight(moment: dt.datetime, zone: dt.tzinfo | None) -> dt.datetime:
    """Return the beginning of a moment's day; where the clock skips midnight, the first moment after it."""
    return _local(dt.datetime.combine(moment.astimezone(zone).date(), dt.time()), zone)


def next_midnight(moment: dt.datetime, zone: dt.tzinfo | None) -> dt.datetime:
    """Return the beginning of the day after; a day may have 23 or 25 hours."""
    following = moment.astimezone(zone).date() + dt.timedelta(days=1)
    return _local(dt.datetime.combine(following, dt.time()), zone)


def day_hours(moment: dt.datetime, zone: dt.tzinfo | None) -> float:
    """Return how many hours a moment's day has."""
    return (next_midnight(moment, zone).timestamp() - midnight(moment, zone).timestamp()) / 3600


def clock_time(moment: dt.datetime, *, ends: bool, form: str = "%H:%M:%S") -> str:
    """Return a time of day; midnight as 24:00:00 where it ends a time span."""
    shown = moment.strftime(form)
    return shown.replace("00:00", "24:00", 1) if ends and not moment.hour and not moment.minute else shown


def _next_hour(moment: dt.datetime, zone: dt.tzinfo | None) -> dt.datetime:
    """An hour has 3600 s, also where the clocks change."""
    start = moment.replace(minute=0, second=0, microsecond=0)
    return (start.astimezone(dt.UTC) + dt.timedelta(hours=1)).astimezone(zone)


def _period(moment: dt.datetime, by: Period, zone: dt.tzinfo | None) -> tuple[float, str]:
    """Return the beginning of a moment's period as seconds since 1970, and its name."""
    if by == "person":
        return 0.0, ""
    if by == "day":
        return midnight(moment, zone).timestamp(), f"{moment:%Y-%m-%d}"
    hour = moment.replace(minute=0, second=0, microsecond=0)
    naive = hour.replace(tzinfo=None)
    twice = _local(naive.replace(fold=0), zone).timestamp() != _local(naive.replace(fold=1), zone).timestamp()
    return hour.timestamp(), f"{hour:%Y-%m-%d %H:%M}" + (f" {hour.isoformat()[-6:]}" if twice else "")


def _local(naive: dt.datetime, zone: dt.tzinfo | None) -> dt.datetime:
    """Give a time of day its zone, as a moment that exists."""
    aware = naive.astimezone() if zone is None else naive.replace(tzinfo=zone)
    return aware.astimezone(dt.UTC).astimezone(zone)
