from __future__ import annotations

from collections.abc import Callable

import pytest

from recognizer.errors import UsageError
from recognizer.history.records import Selection
from recognizer.history.reports.attendance import Report, time_zone
from tests.history.reports.conftest import NIGHT, at

Make = Callable[..., Report]


def test_rows_are_of_each_person_and_source(make: Make) -> None:
    rows = make("person").as_rows()
    assert [(row["person"], row["source"], row["seconds"]) for row in rows if row["person"] == "Ada"] == [
        ("Ada", "entrance", 2280.0),
        ("Ada", "office", 3600.0),
    ]


def test_a_visit_counts_once_where_two_sources_see_it(make: Make) -> None:
    (visit,) = (one for one in make().visits if one.person == "Ada")
    assert (visit.sources, visit.seconds, visit.track_ids) == (("entrance", "office"), 28 * 60 + 3600, (1, 2))


def test_sightings_are_cut_to_the_time_span(make: Make) -> None:
    selection = Selection(since=at("2026-10-25T00:00"), until=at("2026-10-25T04:00"))
    (row,) = make("day", selection).rows
    assert (row.person, row.period, row.seconds) == (NIGHT, "2026-10-25", 5 * 3600)  # an hour comes twice


def test_the_hour_that_comes_twice_has_two_rows(make: Make) -> None:
    selection = Selection(since=at("2026-10-25T01:00"), until=at("2026-10-25T04:00"))
    rows = make("hour", selection).rows
    assert [(row.period[11:], row.seconds) for row in rows] == [
        ("01:00", 3600),
        ("02:00 +02:00", 3600),
        ("02:00 +01:00", 3600),
        ("03:00", 3600),
    ]


@pytest.mark.parametrize("name", ["Europe", "../etc/passwd", "", "/usr/share/zoneinfo/UTC", "Mars/Base\0"])
def test_what_is_no_time_zone(name: str) -> None:
    with pytest.raises(UsageError, match="Europe/Berlin"):
        time_zone(name)
