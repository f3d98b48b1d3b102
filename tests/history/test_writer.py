from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from recognizer.errors import ConfigError, HistoryError
from recognizer.history.database import Database, open_history
from recognizer.history.face_search import vector_of_track
from recognizer.history.keyed import open_to_rekey, open_with_key, rekey
from recognizer.history.records import Selection
from recognizer.history.tracks import list_tracks
from recognizer.history.writer import HistoryWriter
from tests.conftest import ROOT
from tests.history.history_records import record, unit
from tests.rig import wait_until


class Outage:
    """Opens a history, unless it is down."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.down = False
        self.tried = threading.Event()

    def __call__(self) -> Database:
        if self.down:
            self.tried.set()
            raise HistoryError("The history is away.")
        return open_history(self.folder, create=True)


def writer_of(opener: Outage, *, most_waiting: int = 100) -> HistoryWriter:
    return HistoryWriter(opener, model="model-1", thresholds=(0.4, 0.1), most_waiting=most_waiting)


def numbers(folder: Path) -> list[int]:
    history = open_history(folder, create=False)
    found = [seen.frames for seen in list_tracks(history, Selection())]
    history.close()
    return found


def test_records_are_saved_and_replaced(tmp_path: Path) -> None:
    writer = writer_of(Outage(tmp_path))
    writer.start()
    writer.add(record(1, vectors=(unit(1), unit(2))))
    writer.add(record(2, person=None))
    writer.add(record(1, person="Bob", vectors=(unit(3),)))
    writer.finish(30)
    history = open_history(tmp_path, create=False)
    assert {seen.person for seen in list_tracks(history, Selection())} == {"Bob", None}
    history.close()
    assert (writer.saved, writer.lost, writer.failed) == (3, 0, None)


def test_what_came_during_an_outage_is_saved_afterwards(tmp_path: Path) -> None:
    opener = Outage(tmp_path)
    opener.down = True
    writer = writer_of(opener)
    writer.start()
    for number in range(5):
        writer.add(record(number))
    assert opener.tried.wait(10)
    opener.down = False
    writer.finish(30)
    assert len(numbers(tmp_path)) == 5
    assert writer.lost == 0


def test_what_came_while_the_disk_was_full_is_saved_afterwards(tmp_path: Path, logged_warnings: list[str]) -> None:
    is_full, was_full = threading.Event(), threading.Event()
    is_full.set()

    def opened() -> Database:
        if logged_warnings:
            was_full.set()
        history = open_history(tmp_path, create=True)
        if is_full.is_set():

            @sa.event.listens_for(history._engine, "connect")
            def _limit(connection: Any, _: object) -> None:
                connection.execute("PRAGMA max_page_count = 1")  # no more than it has

            history._engine.dispose()
        return history

    writer = HistoryWriter(opened, model="model-1", thresholds=(0.4, 0.1))
    writer.start()
    for number in range(40):
        writer.add(record(number, vectors=(unit(number, 512),)))
    assert was_full.wait(20)
    assert writer.lost == 0
    is_full.clear()
    writer.finish(30)
    assert (writer.lost, len(numbers(tmp_path))) == (0, 40)
    assert "disk is full. Recognition continues, tracks are kept until it works again." in logged_warnings[0]


def test_a_full_queue_drops_the_oldest_and_counts_it(tmp_path: Path) -> None:
    opener = Outage(tmp_path)
    opener.down = True
    writer = writer_of(opener, most_waiting=3)
    for number in range(5):
        writer.add(record(number))
    assert writer.lost == 2
    writer.start()
    writer.finish(0.3)
    assert writer.lost == 5
    assert writer.failed == "The history is away."


def test_one_record_that_the_database_refuses_does_not_stop_the_others(tmp_path: Path) -> None:
    writer = writer_of(Outage(tmp_path))
    bad = record(1)
    object.__setattr__(bad, "status", type("Odd", (), {"value": None})())
    writer.start()
    writer.add(bad)
    writer.finish(30)
    again = writer_of(Outage(tmp_path))
    again.start()
    again.add(record(2))
    again.finish(30)
    assert (writer.lost, again.saved, len(numbers(tmp_path))) == (1, 1, 1)


def test_a_batch_with_one_record_that_is_refused_saves_the_others(tmp_path: Path) -> None:
    writer = writer_of(Outage(tmp_path))
    bad = record(2)
    object.__setattr__(bad, "status", type("Odd", (), {"value": None})())
    for one in (record(1), bad, record(3)):
        writer.add(one)
    writer.start()
    writer.finish(30)
    assert (writer.lost, writer.saved, len(numbers(tmp_path))) == (1, 2, 2)
    assert writer.failed is not None


def test_a_history_that_was_replaced_during_the_run_gets_the_run_again(tmp_path: Path) -> None:
    writer = writer_of(Outage(tmp_path))
    writer.start()
    writer.add(record(1))
    assert wait_until(lambda: writer.saved == 1, seconds=30) < 30
    other = open_history(tmp_path, create=True)
    with other.writing() as connection:
        connection.exec_driver_sql("DELETE FROM tracks")
        connection.exec_driver_sql("DELETE FROM runs")
    other.close()
    writer.add(record(2))
    writer.finish(30)
    assert (writer.lost, len(numbers(tmp_path))) == (0, 1)


@pytest.mark.parametrize("error", [OSError("I/O error"), ConfigError("no driver"), RuntimeError("what nobody foresaw")])
def test_any_failure_to_open_keeps_the_tracks(tmp_path: Path, error: Exception) -> None:
    failures = [error, error]

    def opener() -> Database:
        if failures:
            raise failures.pop()
        return open_history(tmp_path, create=True)

    writer = HistoryWriter(opener, model="model-1", thresholds=(0.4, 0.1))
    writer.add(record(1))
    writer.start()
    writer.finish(30)
    assert (writer.lost, writer.saved, writer.failed) == (0, 1, None)


def test_a_key_that_was_changed_during_the_run_loses_nothing(tmp_path: Path) -> None:
    key = bytes(range(32))
    keys: list[bytes | None] = [None]
    writer = HistoryWriter(
        lambda: open_with_key(tmp_path, keys[0], create=True), model="model-1", thresholds=(0.4, 0.1)
    )
    writer.start()
    writer.add(record(1, vectors=(unit(1),)))
    assert wait_until(lambda: writer.saved == 1, seconds=30) < 30
    other = open_to_rekey(tmp_path, None)
    rekey(other, key)
    other.close()
    writer.add(record(2, vectors=(unit(2),)))
    assert wait_until(lambda: writer.failed is not None, seconds=30) < 30
    keys[0] = key
    writer.finish(30)
    assert (writer.lost, writer.saved) == (0, 2)
    history = open_with_key(tmp_path, key, create=False)
    assert float(vector_of_track(history, 2)[0] @ unit(2)) == pytest.approx(1, abs=1e-3)
    history.close()


def test_names_that_are_no_utf_8_are_saved(tmp_path: Path) -> None:
    writer = writer_of(Outage(tmp_path))
    writer.start()
    writer.add(record(1, source="clip\udcff.mp4"))
    writer.finish(30)
    assert writer.saved == 1


_WRITER = """
import pathlib, sys
from recognizer.history.database import open_history
from recognizer.history.rows import insert_run, save_tracks
from tests.history.history_records import NOON, record, unit
history = open_history(pathlib.Path(sys.argv[1]), create=True)
with history.writing() as connection:
    run = insert_run(connection, NOON, "model-1", (0.4, 0.1))
for number in range(10**6):
    with history.writing() as connection:
        save_tracks(connection, run, [record(number, vectors=(unit(number),))])
    print(number, flush=True)
"""


@pytest.mark.parametrize("acknowledged", [0, 3, 17])
def test_kill_9_loses_no_track_that_was_acknowledged(tmp_path: Path, acknowledged: int) -> None:
    program = [sys.executable, "-c", _WRITER, str(tmp_path)]
    with subprocess.Popen(
        program, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    ) as process:
        assert process.stdout is not None
        while int(process.stdout.readline()) < acknowledged:
            pass
        process.send_signal(signal.SIGKILL)
        last = max([acknowledged, *(int(line) for line in process.stdout.read().split("\n")[:-1] if line)])
    assert len(numbers(tmp_path)) >= last + 1
