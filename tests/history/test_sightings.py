from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from recognizer.history.records import Seen
from recognizer.history.sightings import day_hours, midnight, report, sightings, within

BERLIN = ZoneInfo("Europe/Berlin")


def seen(person: str | None, began: dt.datetime, seconds: float, source: str = "door") -> Seen:
    ended = (began.astimezone(dt.UTC) + dt.timedelta(seconds=seconds)).astimezone(began.tzinfo)
    return Seen(1, source, began, ended, "known", person, person, 0.6, 0.3, (), 10, 0.0)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def test_tracks_without_a_long_gap_are_one_sighting() -> None:
    found = sightings(
        [
            seen("Ada", at("2026-03-02T08:04"), 60),
            seen("Ada", at("2026-03-02T08:00"), 60),
            seen("Ada", at("2026-03-02T08:30"), 60),
            seen("Bob", at("2026-03-02T08:01"), 60),
            seen("Ada", at("2026-03-02T08:01"), 60, "yard"),
            seen(None, at("2026-03-02T08:01"), 60),
        ],
        gap_s=300,
    )
    assert [(one.person, one.source, f"{one.began:%H:%M}-{one.ended:%H:%M}", one.tracks) for one in found] == [
        ("Ada", "door", "08:00-08:05", 2),
        ("Bob", "door", "08:01-08:02", 1),
        ("Ada", "yard", "08:01-08:02", 1),
        ("Ada", "door", "08:30-08:31", 1),
    ]


def test_who_goes_from_one_source_to_another_goes_on_being_seen() -> None:
    tracks = [
        seen("Ada", at("2026-03-02T08:02"), 600, "entrance"),
        seen("Ada", at("2026-03-02T08:14"), 600, "office"),
        seen("Ada", at("2026-03-02T08:25"), 900, "entrance"),
        seen("Bob", at("2026-03-02T08:14"), 600, "office"),
    ]
    ada, bob = sightings(tracks, across_sources=True)
    assert (ada.sources, f"{ada.began:%H:%M}", f"{ada.ended:%H:%M}") == (("entrance", "office"), "08:02", "08:40")
    assert (ada.seconds, ada.tracks, bob.source) == (38 * 60, 3, "office")


def test_sightings_are_cut_to_a_time_span() -> None:
    found = sightings([seen("Ada", at("2026-03-02T08:00"), 3600), seen("Bob", at("2026-03-02T08:10"), 0)])
    since, until = at("2026-03-02T08:05"), at("2026-03-02T08:30")
    cut = within(found, since, until)
    assert [(one.person, f"{one.began:%H:%M}", f"{one.ended:%H:%M}") for one in cut] == [
        ("Ada", "08:05", "08:30"),
        ("Bob", "08:10", "08:10"),
    ]
    assert within(found, at("2026-03-02T09:00"), None) == []


def test_a_day_without_midnight_begins_after_it() -> None:
    beirut = ZoneInfo("Asia/Beirut")  # on 2022-03-27 the clock went from 00:00 to 01:00
    noon = dt.datetime(2022, 3, 27, 12, tzinfo=beirut)
    assert f"{midnight(noon, beirut):%H:%M}" == "01:00"
    assert day_hours(noon, beirut) == 23


def test_a_long_track_covers_a_short_one_within() -> None:
    (one,) = sightings([seen("Ada", at("2026-03-02T08:00"), 600), seen("Ada", at("2026-03-02T08:01"), 60)])
    assert f"{one.ended:%H:%M}" == "08:10"


def test_a_night_counts_on_both_days() -> None:
    rows = report(sightings([seen("Ada", at("2026-03-02T23:00"), 7200)]), by="day", zone=BERLIN)
    assert [(row["day"], row["seconds"], row["first"][-14:-6]) for row in rows] == [
        ("2026-03-02", 3600, "23:00:00"),
        ("2026-03-03", 3600, "00:00:00"),
    ]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_days_on_which_the_clocks_change(day: str, hours: int) -> None:
    rows = report(sightings([seen("Ada", at(f"{day}T00:00"), 3600 * (hours + 1))]), by="day", zone=BERLIN)
    assert [row["seconds"] for row in rows] == [3600 * hours, 3600]
    by_hour = report(sightings([seen("Ada", at(f"{day}T00:00"), 3600 * hours)]), by="hour", zone=BERLIN)
    assert sum(row["seconds"] for row in by_hour) == 3600 * hours


def test_a_row_for_each_person() -> None:
    found = sightings([seen("Ada", at("2026-03-02T08:00"), 60), seen("Ada", at("2026-03-04T08:00"), 30)])
    assert report(found, by="person", zone=BERLIN) == [
        {
            "person": "Ada",
            "source": "door",
            "first": "2026-03-02T08:00:00+01:00",
            "last": "2026-03-04T08:00:30+01:00",
            "seconds": 90.0,
            "sightings": 2,
        }
    ]
