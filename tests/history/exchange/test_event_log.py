from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from recognizer.errors import InputError
from recognizer.history.database import Database
from recognizer.history.exchange.importing import Imported, import_files
from recognizer.history.records import Seen, Selection
from recognizer.history.rows import insert_run, save_tracks
from recognizer.history.tracks import list_tracks
from tests.history.history_records import NOON, record

Line = dict[str, object]


def line(kind: str, second: float, track: int = 1, name: str | None = None, source: str = "door") -> Line:
    return {
        "time": (NOON + dt.timedelta(seconds=second)).isoformat(timespec="milliseconds"),
        "at_s": second,
        "source": source,
        "kind": kind,
        "track_id": track,
        "name": name,
        "similarity": 0.61 if name else None,
        "margin": 0.3 if name else None,
        "reasons": [f"similarity 0.61 to {name}"] if name else [],
        "box": [1.0, 2.0, 3.0, 4.0],
    }


RUN = [line("appeared", 0), line("recognised", 1, name="Ada"), line("appeared", 2, 2), line("lost", 9, name="Ada")]
RUN += [line("lost", 12, 2)]


def log(folder: Path, lines: list[Line], name: str = "events.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(one) + "\n" for one in lines), "utf-8")
    return path


def run_import(history: Database, *paths: Path) -> Imported:
    return import_files(history, paths, progress=lambda done, total: None)


def seen(history: Database) -> list[Seen]:
    return sorted(list_tracks(history, Selection()), key=lambda track: track.began)


@pytest.mark.long
def test_tracks_have_their_times_and_last_names(history: Database, tmp_path: Path) -> None:
    done = run_import(history, log(tmp_path, RUN))
    assert (done.added, done.damaged) == (2, 0)
    ada, stranger = seen(history)
    assert (ada.person, ada.status, ada.source, ada.similarity) == ("Ada", "known", "door", 0.61)
    assert (ada.began, ada.ended) == (NOON, NOON + dt.timedelta(seconds=9))
    assert ada.reasons == ("similarity 0.61 to Ada",)
    assert (stranger.person, stranger.status, stranger.similarity) == (None, "unknown", -1.0)


def test_a_name_that_was_taken_back_does_not_stay(local: Database, tmp_path: Path) -> None:
    lines = [line("appeared", 0), line("recognised", 1, name="Ada"), line("changed", 2), line("lost", 3)]
    run_import(local, log(tmp_path, lines))
    assert [track.person for track in seen(local)] == [None]


def test_importing_twice_adds_nothing(history: Database, tmp_path: Path) -> None:
    path = log(tmp_path, RUN)
    assert run_import(history, path).added == 2
    again = run_import(history, path, path)
    assert (again.added, len(seen(history))) == (0, 2)


def test_numbers_that_begin_anew_are_other_tracks(history: Database, tmp_path: Path) -> None:
    later = [line("appeared", 100), line("recognised", 101, name="Bob"), line("lost", 109, name="Bob")]
    assert run_import(history, log(tmp_path, RUN + later)).added == 3
    assert run_import(history, log(tmp_path, later)).added == 0
    assert [track.person for track in seen(history)] == ["Ada", None, "Bob"]


def test_tracks_that_the_history_has_already_are_not_doubled(local: Database, tmp_path: Path) -> None:
    with local.writing() as connection:
        own = record(1, person="Ada", began=NOON - dt.timedelta(seconds=0.4), seconds=9)
        save_tracks(connection, insert_run(connection, NOON, "model-1", (0.4, 0.1)), [own])
    done = run_import(local, log(tmp_path, RUN))
    assert (done.added, done.present) == (1, 1)


def test_rotated_logs_come_in_any_order(local: Database, tmp_path: Path) -> None:
    new, old = log(tmp_path, RUN[3:], "events.jsonl"), log(tmp_path, RUN[:3], "events-1.jsonl")
    assert run_import(local, new, old).added == 2
    assert [(track.ended - track.began).total_seconds() for track in seen(local)] == [9, 10]


def test_a_log_that_went_on_extends_its_last_track(history: Database, tmp_path: Path) -> None:
    run_import(history, log(tmp_path, RUN[:2]))
    done = run_import(history, log(tmp_path, RUN))
    assert (done.added, done.extended) == (1, 1)
    assert [(track.ended - NOON).total_seconds() for track in seen(history)] == [9, 12]


def test_a_killed_run_leaves_whole_tracks(local: Database, tmp_path: Path) -> None:
    again = [line("appeared", 60), line("lost", 70)]
    assert run_import(local, log(tmp_path, [*RUN[:2], *again])).added == 2
    assert [track.person for track in seen(local)] == ["Ada", None]


def test_events_of_sources_and_damaged_lines_are_counted(local: Database, tmp_path: Path) -> None:
    lost = {"time": NOON.isoformat(), "at_s": 1.0, "source": "door", "kind": "source_lost", "reasons": []}
    path = log(tmp_path, [lost, *RUN, {**RUN[0], "time": "yesterday"}, {**RUN[0], "track_id": -1}, {"a": 1}])
    with path.open("ab") as file:
        file.write(b"\xff\xfe\n[]\n" + json.dumps(RUN[0]).encode()[:50])
    done = run_import(local, path)
    assert (done.added, done.other, done.damaged) == (2, 1, 6)
    assert done.first_damaged is not None
    assert done.first_damaged.startswith("events.jsonl, line 7: time")


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_a_file_that_cannot_be_read(local: Database, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        run_import(local, log(tmp_path, RUN), tmp_path / name)
    assert seen(local) == []
