"""Past tracks are decided again by the decider's own rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from recognizer.app.past_matches import Basis
from recognizer.app.replay import Replay, ReplayCancelled, apply, replay_tracks
from recognizer.errors import HistoryError
from recognizer.history import actions
from recognizer.history.clusters import name_cluster, update_clusters
from recognizer.history.database import Database, open_history
from recognizer.history.events import events_of
from recognizer.history.records import Selection
from recognizer.history.rejections import active_rejections, reject_track
from recognizer.history.retention import forget_person
from recognizer.history.rows import save_tracks
from recognizer.history.runs import last_facts
from recognizer.history.schema import metadata
from recognizer.history.tracks import get_track, list_tracks
from recognizer.match.rejecting_index import RejectingIndex
from tests.history.history_records import NOON, record, unit
from tests.history.scripted_run import MODEL, PEOPLE, THRESHOLDS, ScriptedRun, face, index_of

ALL = index_of(*PEOPLE)
AS_IT_WAS = Basis(ALL, THRESHOLDS)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[Database]:
    """Tracks 1 (clearly Ada), 2 (hardly Bea), 3 (nobody), then 4 and 5, which both resemble Cleo, 5 more so."""
    opened = open_history(tmp_path, create=True)
    run = ScriptedRun(ALL)
    run.frames(30, {1: face(0.7), 2: face(0.0, 0.45), 3: face(0.2, rest=50)})
    run.frames(30, {4: face(0.0, 0.0, 0.5), 5: face(0.0, 0.0, 0.55, rest=50)})
    run.save(opened)
    yield opened
    opened.close()


def replayed(history: Database, basis: Basis, **how: object) -> Replay:
    return replay_tracks(history, basis, model=MODEL, selection=Selection(), **how)  # type: ignore[arg-type]


def changes(found: Replay) -> dict[int, tuple[str | None, str | None]]:
    return {one.track: (one.was, one.now) for one in found.changed}


def names(history: Database) -> dict[int, str | None]:
    return {seen.id: seen.person for seen in list_tracks(history, Selection())}


def rows(history: Database) -> list[list[tuple[object, ...]]]:
    """Everything that stands in the history, but for the actions."""
    tables = [table for table in metadata.sorted_tables if table.name != "actions"]
    with history.reading() as connection:
        return [[tuple(row) for row in connection.execute(table.select()).all()] for table in tables]


def test_with_nothing_changed_nothing_changes(history: Database) -> None:
    assert names(history) == {1: "Ada", 2: "Bea", 3: None, 4: None, 5: "Cleo"}
    found = replayed(history, AS_IT_WAS)
    assert (found.compared, found.changed, found.not_reproduced) == (5, (), 0)


def test_many_runs_with_rivals_and_changing_faces_do_not_change(tmp_path: Path) -> None:
    history = open_history(tmp_path, create=True)
    for seed in range(12):
        run = ScriptedRun(ALL, began=NOON + dt.timedelta(hours=seed))
        for step in range(40):
            wave = 0.15 * ((step * 7 + seed * 3) % 11 - 5) / 5
            faces = {1: face(0.42 + wave, 0.2), 2: face(0.4 - wave, 0.1, rest=50), 3: face(0.1, 0.38 + wave, rest=40)}
            hidden = [2] if step % 13 == seed else []
            run.frame({number: vector for number, vector in faces.items() if number not in hidden}, alive=hidden)
        run.save(history)
    found = replayed(history, AS_IT_WAS)
    assert (found.compared, found.changed) == (36, ())
    assert found.not_reproduced <= 1  # of a rival's dropped moments only the time is known, not the similarity
    history.close()


def test_each_moment_is_decided_by_the_thresholds_of_its_time(tmp_path: Path) -> None:
    """In a larger gallery a name needs more: who had one keeps it at the similarity that takes it from others."""
    history = open_history(tmp_path, create=True)
    run = ScriptedRun(index_of("Ada", "Cleo"))
    run.frames(30, {1: face(0.45)})
    run.frames(30, {2: face(0.45, rest=50)})
    stricter = replace(THRESHOLDS, known=0.5, release=0.42)
    run.change(ALL, stricter)
    for step in range(120):
        run.frame({2: face(0.45 + 0.03 * min(1, step / 60), rest=50)})
    run.frames(30, {3: face(0.45, rest=40)})
    run.save(history)
    assert names(history) == {1: "Ada", 2: "Ada", 3: None}
    found = replayed(history, Basis(ALL))
    assert (found.compared, found.changed, found.not_reproduced) == (3, (), 0)
    found = replayed(history, Basis(ALL, stricter))  # what held at the end of the run
    assert (changes(found), found.not_reproduced) == ({1: ("Ada", None), 2: ("Ada", None)}, 0)
    facts = last_facts(history, MODEL)
    assert facts is not None
    assert (facts.thresholds["known"], facts.gallery, facts.revision) == (0.5, "another", 1)
    assert [get_track(history, number)[1]["known"] for number in (1, 2, 3)] == [0.4, 0.5, 0.5]
    seen = [get_track(history, number)[0] for number in (1, 2, 3)]
    assert [event.gallery for event in events_of(history, seen)] == ["revision", "another", "another"]
    history.close()


def test_a_higher_threshold_takes_names_and_a_lower_one_gives_them(history: Database) -> None:
    higher = Basis(ALL, replace(THRESHOLDS, known=0.5, release=0.48))
    found = replayed(history, higher)
    assert changes(found) == {2: ("Bea", None)}
    assert (found.lost_names, found.new_names) == ({"Bea": 1}, {})
    run = ScriptedRun(ALL)
    run.frames(30, {1: face(0.2, rest=50)})
    run.save(history)
    found = replayed(history, Basis(ALL, replace(THRESHOLDS, known=0.15, release=0.15)))
    assert changes(found) == {6: (None, "Ada")}  # not track 3: Ada was in that picture, and nearer
    assert found.new_names == {"Ada": 1}
    assert names(history)[6] is None


def test_two_tracks_of_one_picture_do_not_get_one_name(history: Database) -> None:
    """Track 4 lost the name to track 5, and loses it again however low the threshold is."""
    assert replayed(history, Basis(ALL, replace(THRESHOLDS, known=0.35, release=0.3))).changed == ()
    surer = replayed(history, Basis(ALL, replace(THRESHOLDS, sure=0.4)))
    assert changes(surer) == {4: (None, "Cleo")}


def test_another_gallery(history: Database) -> None:
    found = replayed(history, Basis(index_of("Ada", "Cleo"), THRESHOLDS))
    assert changes(found) == {2: ("Bea", None)}
    found = replayed(history, AS_IT_WAS, against=Basis(index_of("Ada", "Cleo"), THRESHOLDS))
    assert changes(found) == {2: (None, "Bea")}


def test_what_a_person_said_stands_unless_asked(history: Database) -> None:
    reject_track(history, 2)
    found = replayed(history, AS_IT_WAS)
    assert (found.changed, found.corrected, found.compared) == ((), 1, 4)
    assert changes(replayed(history, AS_IT_WAS, corrected=True)) == {2: (None, "Bea")}
    update_clusters(history, model=MODEL, threshold=0.4)
    with history.reading() as connection:
        cluster = connection.exec_driver_sql("SELECT cluster_id FROM tracks WHERE id = 3").scalar_one()
    name_cluster(history, cluster, "Courier")
    assert replayed(history, AS_IT_WAS).corrected == 2


def test_a_rejection_takes_the_name_of_who_looks_the_same(history: Database) -> None:
    run = ScriptedRun(ALL)
    run.frames(30, {1: face(0.0, 0.46), 2: face(0.0, 0.0, 0.6)})
    run.save(history)
    reject_track(history, 2)
    rejecting = Basis(RejectingIndex(ALL, active_rejections(history, MODEL)))
    found = replayed(history, rejecting, against=Basis(ALL))
    assert changes(found) == {6: ("Bea", None)}
    assert "rejected as Bea" in found.changed[0].label.reasons[0]


def test_applying_is_one_action_that_is_undone_exactly(history: Database) -> None:
    before = rows(history)
    higher = Basis(ALL, replace(THRESHOLDS, known=0.6, release=0.58))
    found = replayed(history, higher)
    assert rows(history) == before
    action, count = apply(history, found, "with known 0.6")
    assert (count, names(history)) == (2, {1: "Ada", 2: None, 3: None, 4: None, 5: None})
    assert actions.list_actions(history, limit=9)[0]["what"] == "replay with known 0.6: 2 tracks"
    assert replayed(history, higher).changed == ()
    assert changes(replayed(history, AS_IT_WAS)) == {2: (None, "Bea"), 5: (None, "Cleo")}
    actions.undo(history, action)
    assert rows(history) == before


def test_a_track_that_was_renamed_meanwhile_stays(history: Database) -> None:
    found = replayed(history, Basis(ALL, replace(THRESHOLDS, known=0.6, release=0.58)))
    reject_track(history, 2)
    _, count = apply(history, found, "with known 0.6")
    assert count == 1
    assert names(history)[5] is None


def test_a_relabelled_track_keeps_its_name_when_its_run_saves_it_again(history: Database) -> None:
    run = ScriptedRun(ALL)
    run.frames(30, {1: face(0.7)})
    apply(history, replayed(history, Basis(index_of("Bea", "Cleo"), THRESHOLDS)), "without Ada")
    run.frame({})
    with history.writing() as connection:
        save_tracks(connection, 1, run.records)
    assert names(history)[1] is None


def test_an_action_whose_reasons_name_a_person_goes_with_them(history: Database) -> None:
    apply(history, replayed(history, Basis(ALL, replace(THRESHOLDS, known=0.6, release=0.58))), "with known 0.6")
    forget_person(history, "Bea")
    assert actions.list_actions(history, limit=9) == []
    with history.reading() as connection:
        assert "Bea" not in str([connection.execute(table.select()).all() for table in metadata.sorted_tables])


def test_what_cannot_be_compared_is_counted(history: Database) -> None:
    with history.writing() as connection:
        connection.exec_driver_sql(
            "INSERT INTO runs (id, began_us, model, known, margin) "
            "VALUES (8, 0, 'model-2', 0.4, 0.1), (9, 0, 'model-1', 0.4, 0.1)"
        )
        save_tracks(connection, 8, [record(1, vectors=(unit(1),))])
        save_tracks(connection, 9, [record(1, vectors=(unit(1),)), record(2, vectors=(unit(2),))])
    found = replayed(history, AS_IT_WAS)
    assert (found.compared, found.other_model, found.without_moments) == (5, 1, 2)
    assert found.as_dict()["not_comparable"] == {"other_model": 1, "without_moments": 2}


def test_only_the_newest_and_progress_and_cancelling(history: Database) -> None:
    calls: list[tuple[int, int]] = []
    assert replayed(history, AS_IT_WAS, most=2, progress=lambda done, total: calls.append((done, total))).compared == 2
    assert calls[-1] == (2, 2)
    with pytest.raises(ReplayCancelled):
        replayed(history, AS_IT_WAS, cancelled=lambda: True)
    assert issubclass(ReplayCancelled, HistoryError)
