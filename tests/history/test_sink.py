from __future__ import annotations

import threading
import time
from pathlib import Path

from recognizer.clock import WallClock
from recognizer.errors import HistoryError
from recognizer.history.collector import TrackCollector
from recognizer.history.database import Database, open_history
from recognizer.history.records import DecisionFacts, Selection
from recognizer.history.sink import HistorySink
from recognizer.history.tracks import list_tracks
from recognizer.history.writer import HistoryWriter
from recognizer.types import EventKind
from tests.results import event, identity, make_result


def run(folder: Path, *, failures: int, stop: threading.Event) -> HistoryWriter:
    """A run of one track, whose database cannot be opened so many times."""
    left = [failures]

    def opener() -> Database:
        left[0] -= 1
        if left[0] >= 0:
            raise HistoryError("The history is away.")
        return open_history(folder, create=True)

    writer = HistoryWriter(opener, model="model-1", thresholds=(0.4, 0.1))
    with HistorySink(TrackCollector(WallClock(live=False)), writer, stop=stop) as sink:
        sink.emit(make_result(1.0, identities=[identity(1, "Ada")]))
        sink.on_end("clip", (event(EventKind.LOST, 1.0),))
    return writer


def test_a_run_that_ends_waits_for_a_database_that_comes_back(tmp_path: Path) -> None:
    assert run(tmp_path, failures=3, stop=threading.Event()).lost == 0
    history = open_history(tmp_path, create=False)
    assert [seen.person for seen in list_tracks(history, Selection())] == ["Ada"]
    history.close()


def test_a_run_that_is_stopped_does_not(tmp_path: Path) -> None:
    stop, began = threading.Event(), time.monotonic()
    stop.set()
    assert run(tmp_path, failures=10**9, stop=stop).lost == 1
    assert time.monotonic() - began < 10  # 30 s without the stop


def test_who_was_removed_is_not_written_any_more(tmp_path: Path) -> None:
    writer = HistoryWriter(lambda: open_history(tmp_path, create=True), model="model-1", thresholds=(0.4, 0.1))
    with HistorySink(TrackCollector(WallClock(live=False)), writer, stop=threading.Event()) as sink:
        sink.emit(make_result(1.0, identities=[identity(1, "Ada"), identity(2, "Bob")]))
        sink.decided_by(frozenset({"Bob"}), DecisionFacts(revision=1))
    history = open_history(tmp_path, create=False)
    assert {seen.person for seen in list_tracks(history, Selection())} == {None, "Bob"}
    history.close()
