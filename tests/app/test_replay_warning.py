"""Enrolment, a run and a rejection say how many names of the last week flip."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from recognizer.app import build, replay_warning
from recognizer.app.config import Settings, load
from recognizer.app.enrolment import warning_of_flips
from recognizer.gallery.records import Enrolled
from recognizer.history.database import Database, open_history
from recognizer.history.records import DecisionFacts
from recognizer.history.rejections import reject_track
from recognizer.history.schema import runs
from recognizer.match.exact_index import ExactIndex
from recognizer.models.resolve import ResolvedModel, resolve
from tests.history.scripted_run import PEOPLE, ScriptedRun, enrolled, face


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ResolvedModel:
    return resolve("edgeface_xxs_own", offline=True, cache_dir=tmp_path_factory.mktemp("cache"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(None, {"gallery": {"folder": tmp_path / "gallery"}})


@pytest.fixture
def everybody(model: ResolvedModel) -> Enrolled:
    return enrolled(*PEOPLE, model=model.fingerprint)


@pytest.fixture
def facts(settings: Settings, model: ResolvedModel, everybody: Enrolled) -> DecisionFacts:
    return run_of_today(settings, model, everybody).facts


@pytest.fixture
def history(settings: Settings, model: ResolvedModel, everybody: Enrolled) -> Iterator[Database]:
    """Ada in track 1, Bea in 2, of an hour ago; Bea in 3."""
    place = settings.history_place
    opened = open_history(place, create=True)
    for faces in ({1: face(0.8), 2: face(0.0, 0.6)}, {1: face(0.0, 0.65)}):
        run = run_of_today(settings, model, everybody)
        run.frames(20, faces)
        run.save(opened)
    yield opened
    opened.close()


def run_of_today(settings: Settings, model: ResolvedModel, people: Enrolled) -> ScriptedRun:
    began = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    thresholds = build.thresholds(settings, model, enrolled=len(people))
    return ScriptedRun(ExactIndex(enrolled=people), thresholds, began=began, model=model.fingerprint)


def test_a_run_like_the_last_one_says_nothing(
    settings: Settings,
    model: ResolvedModel,
    everybody: Enrolled,
    facts: DecisionFacts,
    history: Database,
    logged_warnings: list[str],
) -> None:
    replay_warning.warn_before_run(settings, model, everybody, facts, history)
    assert logged_warnings == []


def test_a_run_with_another_gallery_says_what_flips(
    settings: Settings, model: ResolvedModel, facts: DecisionFacts, history: Database, logged_warnings: list[str]
) -> None:
    fewer = enrolled("Ada", model=model.fingerprint)
    replay_warning.warn_before_run(settings, model, fewer, replace(facts, gallery="another"), history)
    (said,) = logged_warnings
    assert "2 of 3 tracks of the last 7 days would bear another name: 0 won, 2 lost, 0 changed" in said
    assert "taken from Bea 2" in said
    assert "history replay --since" in said


def test_old_tracks_do_not_count(
    settings: Settings, model: ResolvedModel, facts: DecisionFacts, history: Database, logged_warnings: list[str]
) -> None:
    eight_days = int(8 * 86400 * 1e6)
    with history.writing() as connection:
        connection.exec_driver_sql(f"UPDATE tracks SET ended_us = ended_us - {eight_days} WHERE id > 1")  # noqa: S608
    fewer = enrolled("Ada", model=model.fingerprint)
    replay_warning.warn_before_run(settings, model, fewer, replace(facts, gallery="another"), history)
    assert logged_warnings == []


def test_an_enrolment_says_what_flips(
    settings: Settings, model: ResolvedModel, everybody: Enrolled, history: Database, logged_warnings: list[str]
) -> None:
    replay_warning.warn_after_enrolment(settings, model, everybody, everybody)
    assert logged_warnings == []
    fewer = enrolled("Bea", "Cleo", model=model.fingerprint)
    replay_warning.warn_after_enrolment(settings, model, everybody, fewer)
    (said,) = logged_warnings
    assert "1 of 3 tracks" in said
    assert "taken from Ada 1" in said


def test_an_enrolment_without_a_history_says_nothing(
    settings: Settings, model: ResolvedModel, logged_warnings: list[str]
) -> None:
    with warning_of_flips(settings, model):
        pass
    assert logged_warnings == []
    assert not Path(settings.history_place).exists()


def test_a_rejection_costs_the_names_of_who_looks_the_same(
    model: ResolvedModel, everybody: Enrolled, history: Database
) -> None:
    reject_track(history, 2)
    assert replay_warning.cost_of_rejection(history, model.fingerprint, "Bea", everybody) == [3]
    reject_track(history, 1)
    assert replay_warning.cost_of_rejection(history, model.fingerprint, "Ada", everybody) == []


def test_the_cost_is_not_reported_without_a_gallery(
    settings: Settings, model: ResolvedModel, history: Database
) -> None:
    reject_track(history, 2)
    nobody = replay_warning.enrolled_with(settings, model.fingerprint)
    assert replay_warning.cost_of_rejection(history, model.fingerprint, "Bea", nobody) is None


@pytest.mark.parametrize("damaged", ["no JSON", "{}", "[1]", '{"thresholds": {"known": "x"}}'])
def test_damaged_facts_of_an_earlier_run_do_not_stop_a_run(
    settings: Settings, model: ResolvedModel, everybody: Enrolled, facts: DecisionFacts, history: Database, damaged: str
) -> None:
    with history.writing() as connection:
        connection.execute(sa.update(runs).values(decision=damaged))
    replay_warning.warn_before_run(settings, model, everybody, replace(facts, gallery="another"), history)
