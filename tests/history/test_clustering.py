from __future__ import annotations

import datetime as dt

import pytest

from recognizer.history import clusters
from recognizer.history.actions import undo
from recognizer.history.clustering import Clustering
from recognizer.history.database import Database
from recognizer.history.records import TrackRecord
from recognizer.history.rows import insert_run, save_tracks
from tests.history.history_records import NOON, near, record, unit

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def clustering() -> Clustering:
    return Clustering(model="model-1", threshold=0.4)


def seen(number: int, person: int, *, seconds: float = 10.0) -> TrackRecord:
    vector = near(unit(person), 0.8, 1000 + number)
    return record(number, person=None, began=NOON + number * MINUTE, seconds=seconds, vectors=(vector,))


def save(history: Database, *records: TrackRecord, run: int | None = None) -> int:
    with history.writing() as connection:
        run = run or insert_run(connection, NOON, "model-1", (0.4, 0.1))
        save_tracks(connection, run, records)
    return run


def listed(history: Database) -> list[list[int]]:
    return sorted(row["track_ids"] for row in clusters.list_clusters(history))


def test_what_is_in_memory_and_what_is_read_anew_agree(history: Database, clustering: Clustering) -> None:
    run = save(history, *(seen(number, number % 3) for number in range(6)))
    assert clustering.update(history) == 6
    for number in range(6, 12):
        save(history, seen(number, number % 4), run=run)
        assert clustering.update(history) == 1
        assert clustering.update(history) == 0
    who = [number % 3 if number < 6 else number % 4 for number in range(12)]
    assert listed(history) == sorted([key + 1 for key in range(12) if who[key] == person] for person in range(4))
    fresh = Clustering(model="model-1", threshold=0.4)
    save(history, seen(20, 0), run=run)
    assert fresh.update(history) == 1
    assert clustering.update(history) == 0


def test_corrections_of_others_are_heeded(history: Database, clustering: Clustering) -> None:
    run = save(history, seen(0, 1), seen(1, 1), seen(2, 2))
    clustering.update(history)
    assert listed(history) == [[1, 2], [3]]
    merged = clusters.merge(history, 1, [2])
    save(history, seen(3, 2), run=run)
    clustering.update(history)
    undo(history, merged)
    save(history, seen(4, 2), run=run)
    clustering.update(history)
    assert listed(history) == [[1, 2], [3], [4, 5]]  # 4 came while 3 stood in a cluster too mixed for it


def test_a_track_that_was_saved_while_it_lasted_is_read_again(history: Database, clustering: Clustering) -> None:
    run = save(history, record(0, person=None, began=NOON, seconds=5), seen(1, 1))
    assert clustering.update(history) == 1
    save(history, record(0, person=None, began=NOON, seconds=55, vectors=(unit(1),)), run=run)
    assert clustering.update(history) == 1
    assert listed(history) == [[1, 2]]


def test_two_faces_of_one_moment_stay_apart_also_later(history: Database, clustering: Clustering) -> None:
    run = save(history, seen(0, 1, seconds=600))
    clustering.update(history)
    save(history, seen(5, 1), run=run)
    clustering.update(history)
    assert listed(history) == [[1], [2]]


def test_what_could_not_be_written_is_not_remembered(
    history: Database, clustering: Clustering, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(history, seen(0, 1), seen(1, 1))

    def refused() -> None:
        raise OSError("no space")

    with monkeypatch.context() as patched:
        patched.setattr(history, "writing", refused)
        with pytest.raises(OSError, match="no space"):
            clustering.update(history)
    assert clustering.update(history) == 2
    assert listed(history) == [[1, 2]]
