"""Merge a person's tracks into sightings, and sum sightings up for a report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from recognizer.history.records import Seen

GAP_S = 300.0
"""A person who is seen again within this time was there all the while."""

Period = Literal["day", "hour", "person"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A person at one source, without a long gap."""

    person: str
    source: str
    began: dt.datetime
    ended: dt.datetime
    tracks: int


def sightings(seen: Iterable[Seen], *, gap_s: float = GAP_S) -> list[Sighting]:
    """Merge the named tracks of each person and source; sorted by their beginning.

    Args:
        seen: tracks in any order; those without a person are ignored.
        gap_s: longest gap within a sighting, s.
    """
    merged: list[Sighting] = []
    last: dict[tuple[str, str], int] = {}
    gap = dt.timedelta(seconds=gap_s)
    for track in sorted(seen, key=lambda track: track.began):
        if track.person is None:
            continue
        key = track.person, track.source
        place = last.get(key)
        if place is not None and track.began - merged[place].ended <= gap:
            old = merged[place]
            ended = max(old.ended, track.ended)
            merged[place] = Sighting(old.person, old.source, old.began, ended, old.tracks + 1)
            continue
        last[key] = len(merged)
        merged.append(Sighting(track.person, track.source, track.began, track.ended, 1))
    return merged


def report(found: Iterable[Sighting], *, by: Period, zone: dt.tzinfo | None = None) -> list[dict[str, Any]]:
    """Sum up when each person was where: first and last time, seconds present, number of sightings.

    Args:
        found: sightings.
        by: one row for each person, source and day or hour, or for each person and source.
        zone: whose midnights count; this machine's by default. A sighting over midnight counts on both days.
    """
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for sighting in found:
        for began, ended in _parts(sighting.began.astimezone(zone), sighting.ended.astimezone(zone), by, zone):
            period = {"day": f"{began:%Y-%m-%d}", "hour": f"{began:%Y-%m-%d %H:00}", "person": ""}[by]
            key = period, sighting.person, sighting.source
            row = rows.setdefault(
                key,
                {
                    **({} if by == "person" else {by: period}),
                    "person": sighting.person,
                    "source": sighting.source,
                    "first": began,
                    "last": ended,
                    "seconds": 0.0,
                    "sightings": 0,
                },
            )
            row["first"], row["last"] = min(row["first"], began), max(row["last"], ended)
            row["seconds"] += ended.timestamp() - began.timestamp()
            row["sightings"] += 1
    return [
        {
            **row,
            "first": row["first"].isoformat(timespec="seconds"),
            "last": row["last"].isoformat(timespec="seconds"),
            "seconds": round(row["seconds"], 1),
        }
        for _, row in sorted(rows.items())
    ]


def _parts(
    began: dt.datetime, ended: dt.datetime, by: Period, zone: dt.tzinfo | None
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Cut a time span at the midnights or full hours of its zone."""
    while by != "person":
        following = _next_hour(began, zone) if by == "hour" else _next_midnight(began, zone)
        if following.timestamp() >= ended.timestamp():
            break
        yield began, following
        began = following
    yield began, ended


def _next_hour(moment: dt.datetime, zone: dt.tzinfo | None) -> dt.datetime:
    """An hour has 3600 s, also where the clocks change."""
    start = moment.replace(minute=0, second=0, microsecond=0)
    return (start.astimezone(dt.UTC) + dt.timedelta(hours=1)).astimezone(zone)


def _next_midnight(moment: dt.datetime, zone: dt.tzinfo | None) -> dt.datetime:
    """A day may have 23 or 25 hours."""
    naive = dt.datetime.combine(moment.date() + dt.timedelta(days=1), dt.time())
    return naive.astimezone() if zone is None else naive.replace(tzinfo=zone)
