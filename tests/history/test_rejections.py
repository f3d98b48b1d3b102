from __future__ import annotations

import pytest

from recognizer.errors import HistoryError
from recognizer.history import actions
from recognizer.history.database import Database
from recognizer.history.records import Selection
from recognizer.history.rejections import active_rejections, reject_track
from recognizer.history.retention import forget_person
from recognizer.history.rows import insert_run, save_tracks
from recognizer.history.tracks import list_tracks
from tests.history.history_records import NOON, record, unit


@pytest.fixture
def history(history: Database) -> Database:
    with history.writing() as connection:
        run = insert_run(connection, NOON, "model-1", (0.4, 0.1))
        save_tracks(connection, run, [record(1, vectors=(unit(1),)), record(2, person=None, vectors=(unit(2),))])
    return history


def test_a_rejected_track_is_unknown_and_its_face_is_kept(history: Database) -> None:
    action, person, _ = reject_track(history, 1)
    assert person == "Ada"
    assert list_tracks(history, Selection(person="Ada")) == []
    (kept,) = active_rejections(history, "model-1")
    assert kept.person == "Ada"
    assert float(kept.vector @ unit(1)) == pytest.approx(1, abs=1e-3)
    assert active_rejections(history, "model-2") == []
    assert "track 1 is not Ada" in actions.undo(history, action)
    assert active_rejections(history, "model-1") == []
    assert [seen.id for seen in list_tracks(history, Selection(person="Ada"))] == [1]


@pytest.mark.parametrize(("track", "message"), [(2, "has no name"), (99, "no face of a track 99")])
def test_what_cannot_be_rejected(history: Database, track: int, message: str) -> None:
    with pytest.raises(HistoryError, match=message):
        reject_track(history, track)


def test_a_person_who_is_forgotten_is_in_no_rejection(history: Database) -> None:
    reject_track(history, 1)
    forget_person(history, "Ada")
    assert active_rejections(history, "model-1") == []


def test_a_rejection_stands_when_the_track_is_saved_again(history: Database) -> None:
    action, _, _ = reject_track(history, 1)
    with history.writing() as connection:
        save_tracks(connection, 1, [record(1, seconds=99, vectors=(unit(1),))])
    (seen,) = [seen for seen in list_tracks(history, Selection()) if seen.id == 1]
    assert (seen.person, seen.status, (seen.ended - seen.began).total_seconds()) == (None, "unknown", 99)
    actions.undo(history, action)
    (seen,) = [seen for seen in list_tracks(history, Selection()) if seen.id == 1]
    assert (seen.person, seen.status) == ("Ada", "known")


def test_an_action_on_a_track_that_was_deleted_is_not_undone_on_another(history: Database) -> None:
    action, _, _ = reject_track(history, 1)
    with history.writing() as connection:
        connection.exec_driver_sql("DELETE FROM tracks")
        save_tracks(connection, 1, [record(7, person="Bob", vectors=(unit(1),))])
    with pytest.raises(HistoryError, match="deleted meanwhile"):
        actions.undo(history, action)
    assert [seen.person for seen in list_tracks(history, Selection())] == ["Bob"]
    assert [seen.id for seen in list_tracks(history, Selection())] != [1]
