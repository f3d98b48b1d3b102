"""Videos of an archive in the history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from recognizer.history import size_limit
from recognizer.history.archive import FileState, remove_files, save_file, stored_files, touch_file
from recognizer.history.database import Database, open_history
from recognizer.history.records import DecisionFacts, Selection, TrackRecord
from recognizer.history.retention import Retention, purge
from recognizer.history.schema import tracks
from recognizer.history.tracks import list_tracks
from recognizer.types import Status

BEGAN = dt.datetime(2019, 5, 1, 8, 0, tzinfo=dt.UTC)
STATE = FileState(path="/archive/a.mp4", size=9, changed_us=5, digest="d")
FACTS = DecisionFacts(thresholds={"known": 0.4, "margin": 0.1}, min_samples=3)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[Database]:
    database = open_history(tmp_path / "history", create=True)
    yield database
    database.close()


def track(number: int, person: str | None = "Ada") -> TrackRecord:
    return TrackRecord(
        source="archive/a.mp4",
        number=number,
        began=BEGAN,
        ended=BEGAN + dt.timedelta(seconds=3),
        at_s=1.0,
        status=Status.KNOWN if person else Status.UNKNOWN,
        person=person,
        nearest=person,
        similarity=0.7,
        margin=0.3,
        reasons=(),
        frames=5,
        samples=(),
    )


def save(history: Database, *records: TrackRecord, state: FileState = STATE) -> None:
    save_file(history, state, records, began=BEGAN, seconds=10.0, fault=None, model="m", facts=FACTS)


def test_a_video_replaces_what_was_known_of_it(history: Database) -> None:
    save(history, track(1), track(2))
    save(history, track(1, None), state=replace(STATE, size=10))
    [stored] = stored_files(history).values()
    assert (stored.state.size, stored.tracks, stored.corrected, stored.model) == (10, 1, 0, "m")
    assert [seen.person for seen in list_tracks(history, Selection())] == [None]


def test_a_video_that_cannot_be_saved_leaves_what_there_was(history: Database) -> None:
    save(history, track(1))
    broken = replace(track(2), similarity=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        save(history, track(3), broken, state=replace(STATE, size=10))
    [stored] = stored_files(history).values()
    assert (stored.state.size, stored.tracks) == (9, 1)


def test_an_archive_is_older_than_the_retention_and_stays(history: Database) -> None:
    save(history, track(1), track(2, None))
    assert purge(history, Retention(known_days=1, unknown_days=1), now=dt.datetime.now(dt.UTC)) == 0
    assert len(list_tracks(history, Selection())) == 2


def test_videos_are_touched_and_removed(history: Database) -> None:
    save(history, track(1))
    touch_file(history, replace(STATE, changed_us=77))
    assert stored_files(history)[STATE.path].state.changed_us == 77
    assert remove_files(history, [STATE.path, "/archive/other.mp4"]) == 1
    assert not stored_files(history)
    assert not list_tracks(history, Selection())


def test_a_limit_of_size_takes_a_video_whole(history: Database) -> None:
    save(history, track(1), track(2))
    calls = iter([False, True])
    size_limit._delete_oldest(history, tracks.c.number == 1, lambda: next(calls))
    assert not stored_files(history)
    assert not list_tracks(history, Selection())
