from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest

from recognizer.integrations.rules.schedule import Hours, Schedule

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NIGHT = (Hours.parse("22:00-06:00"),)
FRIDAY, SATURDAY = 4, 5


def at(text: str, zone: dt.tzinfo = dt.UTC) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("time", "covered"),
    [("21:59", False), ("22:00", True), ("23:59", True), ("00:00", True), ("05:59", True), ("06:00", False)],
)
def test_hours_that_pass_midnight(time: str, covered: bool) -> None:
    assert Schedule(NIGHT, zone=dt.UTC).covers(at(f"2026-11-28T{time}")) is covered


@pytest.mark.parametrize(
    ("time", "covered"), [("08:59", False), ("09:00", True), ("11:59", True), ("12:00", False), ("13:00", True)]
)
def test_several_spans_of_a_day(time: str, covered: bool) -> None:
    spans = (Hours.parse("09:00-12:00"), Hours.parse("13:00-24:00"))
    assert Schedule(spans, zone=dt.UTC).covers(at(f"2026-11-28T{time}")) is covered


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    friday = Schedule(NIGHT, frozenset({FRIDAY}), dt.UTC)
    assert friday.covers(at("2026-11-27T23:00"))
    assert friday.covers(at("2026-11-28T03:00"))  # Saturday, of Friday's night
    assert not friday.covers(at("2026-11-28T23:00"))
    assert not friday.covers(at("2026-11-27T03:00"))  # Friday, of Thursday's night
    sunday_night = Schedule(NIGHT, frozenset({6}), dt.UTC)
    assert sunday_night.covers(at("2026-11-30T01:00"))  # Monday


def test_days_without_hours() -> None:
    assert Schedule(days=frozenset({SATURDAY}), zone=dt.UTC).covers(at("2026-11-28T00:00"))
    assert not Schedule(days=frozenset({SATURDAY}), zone=dt.UTC).covers(at("2026-11-29T00:00"))


def test_the_time_zone_decides_hour_and_day() -> None:
    schedule = Schedule((Hours.parse("00:00-01:00"),), frozenset({SATURDAY}), BERLIN)
    assert schedule.covers(at("2026-11-27T23:30"))  # 00:30 on Saturday in Berlin
    assert not schedule.covers(at("2026-11-28T00:30"))


def test_summer_time_moves_with_the_zone() -> None:
    schedule = Schedule((Hours.parse("22:00-06:00"),), zone=BERLIN)
    assert schedule.covers(at("2026-07-01T20:00"))  # 22:00 there
    assert not schedule.covers(at("2026-12-01T20:00"))  # 21:00 there
    assert schedule.covers(at("2026-03-29T01:30"))  # the hour that is missing: 03:30 there


def test_no_zone_is_that_of_this_machine() -> None:
    moment = at("2026-11-28T12:00")
    local = moment.astimezone()
    span = Hours(local.hour * 60 + local.minute, (local.hour * 60 + local.minute + 1) % 1440)
    assert Schedule((span,)).covers(moment)


@pytest.mark.parametrize("wrong", ["22:00", "", "x-y", "06:00-06:00", "25:00-06:00", "06:00-24:01"])
def test_hours_that_are_none(wrong: str) -> None:
    with pytest.raises(ValueError, match="wanted hours as 22:00-06:00"):
        Hours.parse(wrong)
