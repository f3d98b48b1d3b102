"""A report of three days, on the last of which the clocks are set back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from recognizer.history.database import open_history
from recognizer.history.records import Selection
from recognizer.history.reports.attendance import Report, make_report
from recognizer.history.rows import insert_run, save_tracks
from recognizer.history.sightings import Period
from tests.history.history_records import record

BERLIN = ZoneInfo("Europe/Berlin")
FORMULA = "=cmd|' /C calc'!A0"
MARKUP = '<img src=x onerror="alert(1)">&'
NIGHT = "Night Guard"
SEEN = (
    ("Ada", "entrance", "2026-10-23T08:02", 38 * 60),
    ("Ada", "office", "2026-10-23T08:30", 3600),  # both cameras see her for a while
    (FORMULA, "+1 gate", "2026-10-23T09:00", 3600),
    (MARKUP, "/clips/yard & 'garden'", "2026-10-24T10:00", 5),
    (NIGHT, "gate", "2026-10-24T22:00", 9 * 3600),
)


def at(text: str) -> dt.datetime:
    """A time of Berlin, as UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(dt.UTC)


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Report]]:
    """Make a report of these days."""
    folder: Path = tmp_path_factory.mktemp("site") / "history"
    history = open_history(folder, create=True)
    tracks = [
        record(number, person=person, source=source, began=at(began), seconds=seconds)
        for number, (person, source, began, seconds) in enumerate(SEEN, 1)
    ]
    with history.writing() as connection:
        save_tracks(connection, insert_run(connection, at("2026-10-23T07:00"), "model-1", (0.4, 0.1)), tracks)

    def made(by: Period = "day", selection: Selection | None = None) -> Report:
        return make_report(history, selection or Selection(), by=by, zone=BERLIN, made=at("2026-10-26T12:00"))

    yield made
    history.close()
