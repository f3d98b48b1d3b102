from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from recognizer.errors import HistoryError
from recognizer.history import actions, clusters
from recognizer.history.database import Database
from recognizer.history.records import Selection, TrackRecord
from recognizer.history.rows import insert_run, save_tracks
from recognizer.history.tracks import list_tracks
from tests.history.history_records import NOON, near, record, unit

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def history(history: Database) -> Database:
    """The courier comes three times, a neighbour twice, and Ada is known."""
    courier, neighbour = unit(1), unit(2)
    faces = [courier, neighbour, near(courier, 0.8, 11), near(courier, 0.75, 12), near(neighbour, 0.8, 13)]
    records = [
        record(
            number, person=None, began=NOON + number * MINUTE, vectors=(vector,), source="door" if number else "yard"
        )
        for number, vector in enumerate(faces)
    ]
    save(history, *records, record(9, person="Ada", began=NOON + 9 * MINUTE, vectors=(unit(3),)))
    return history


def save(history: Database, *records: TrackRecord) -> None:
    with history.writing() as connection:
        save_tracks(connection, insert_run(connection, NOON, "model-1", (0.4, 0.1)), records)


def update(history: Database) -> list[tuple[int, list[int]]]:
    clusters.update_clusters(history, model="model-1", threshold=0.4)
    return listed(history)


def listed(history: Database) -> list[tuple[int, list[int]]]:
    return [(row["cluster"], row["track_ids"]) for row in clusters.list_clusters(history)]


def test_visits_of_one_person_are_one_cluster(history: Database) -> None:
    assert update(history) == [(1, [1, 3, 4]), (2, [2, 5])]
    (courier, neighbour) = clusters.list_clusters(history)
    assert (courier["tracks"], courier["sources"], courier["nearest"]) == (3, ["door", "yard"], "Ada")
    assert neighbour["last"] > courier["last"]
    assert clusters.list_clusters(history, least=3) == [courier]


def test_a_cluster_keeps_its_number_when_somebody_comes_again(history: Database) -> None:
    update(history)
    save(history, record(1, person=None, began=NOON + 60 * MINUTE, vectors=(near(unit(2), 0.7, 21),)))
    assert update(history) == [(2, [2, 5, 7]), (1, [1, 3, 4])]


def test_two_faces_of_one_moment_are_two_people(history: Database) -> None:
    save(
        history,
        record(1, person=None, began=NOON + 60 * MINUTE, vectors=(unit(30),)),
        record(2, person=None, began=NOON + 60 * MINUTE, vectors=(unit(30),)),
    )
    assert sorted(tracks for _, tracks in update(history)) == [[1, 3, 4], [2, 5], [7], [8]]


def test_naming_a_cluster_and_taking_it_back(history: Database) -> None:
    update(history)
    action = clusters.name_cluster(history, 1, "Courier")
    assert {seen.id for seen in list_tracks(history, Selection(person="Courier"))} == {1, 3, 4}
    assert {seen.id for seen in list_tracks(history, Selection(status="unknown"))} == {2, 5}
    assert listed(history) == [(2, [2, 5])]
    assert "Courier" in actions.undo(history, action)
    assert list_tracks(history, Selection(person="Courier")) == []
    assert listed(history) == [(1, [1, 3, 4]), (2, [2, 5])]
    with pytest.raises(HistoryError, match="undone already"):
        actions.undo(history, action)


def test_merging_and_splitting(history: Database) -> None:
    update(history)
    merged = clusters.merge(history, 1, [2])
    assert listed(history) == [(1, [1, 2, 3, 4, 5])]
    actions.undo(history, merged)
    assert listed(history) == [(1, [1, 3, 4]), (2, [2, 5])]
    _, new = clusters.split(history, 1, [4])
    assert dict(listed(history)) == {1: [1, 3], 2: [2, 5], new: [4]}
    save(history, record(1, person=None, began=NOON + 60 * MINUTE, vectors=(unit(1),)))
    assert dict(update(history)) == {1: [1, 3, 7], 2: [2, 5], new: [4]}  # what was split stays apart
    with pytest.raises(HistoryError, match="Track 2 is not in cluster 1"):
        clusters.split(history, 1, [2])


def test_an_action_is_not_undone_before_a_later_one_on_the_same_tracks(history: Database) -> None:
    update(history)
    merged = clusters.merge(history, 1, [2])
    _, _ = clusters.split(history, 1, [2])
    with pytest.raises(HistoryError, match=r"action 2 .*came later"):
        actions.undo(history, merged)
    actions.undo(history, 2)
    actions.undo(history, merged)
    assert listed(history) == [(1, [1, 3, 4]), (2, [2, 5])]
    assert [row["undone"] for row in actions.list_actions(history, limit=9)] == [True, True]


@pytest.mark.parametrize("state", ["ignored", "discarded"])
def test_a_cluster_that_is_put_aside(history: Database, state: str) -> None:
    update(history)
    action = clusters.set_state(history, 2, state)
    assert listed(history) == [(1, [1, 3, 4])]
    assert [row["cluster"] for row in clusters.list_clusters(history, state=state)] == [2]
    actions.undo(history, action)
    assert len(listed(history)) == 2


def test_an_interim_save_keeps_what_a_person_decided(history: Database) -> None:
    update(history)
    clusters.name_cluster(history, 1, "Courier")
    with history.writing() as connection:
        again: Any = record(0, person=None, source="yard", seconds=99, vectors=(unit(1),))
        save_tracks(connection, 1, [again])
    (first,) = [seen for seen in list_tracks(history, Selection(person="Courier")) if seen.id == 1]
    assert (first.ended - first.began).total_seconds() == 99


@pytest.mark.parametrize("wrong", [lambda h: clusters.name_cluster(h, 99, "Ada"), lambda h: clusters.merge(h, 1, [99])])
def test_a_cluster_that_does_not_exist(history: Database, wrong: Any) -> None:
    update(history)
    with pytest.raises(HistoryError, match="no cluster 99"):
        wrong(history)


def test_many_clusters_take_no_more_queries_than_one(history: Database) -> None:
    update(history)
    statements: list[str] = []
    sa.event.listen(history._engine, "before_cursor_execute", lambda *how: statements.append(how[2]))
    counts = []
    for limit in (1, 2):
        statements.clear()
        assert len(clusters.list_clusters(history, limit=limit)) == limit
        counts.append(len(statements))
    assert counts[0] == counts[1]
