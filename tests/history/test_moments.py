from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recognizer.history.database import Database, open_history
from recognizer.history.encryption import AesGcm
from recognizer.history.keyed import rekey
from recognizer.history.moments import MomentKeeper, template_of
from recognizer.history.past import count_tracks, read_tracks
from recognizer.history.records import DecisionFacts, Selection
from recognizer.history.retention import Retention, purge
from recognizer.history.runs import last_facts
from recognizer.types import Matches, Status, Templates
from tests.history.history_records import NOON
from tests.history.scripted_run import MODEL, PEOPLE, ScriptedRun, face, index_of

ALL = index_of(*PEOPLE)


def count(history: Database) -> int:
    with history.reading() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM moments").scalar_one())


def test_a_template_that_is_the_mean_of_kept_samples_is_not_kept_again() -> None:
    run = ScriptedRun(ALL)
    run.frames(3, {1: face(0.5, 0.1)})
    run.frame({})
    (track,) = run.records
    assert track.moments
    assert all(moment.template is None for moment in track.moments)
    newest = track.moments[-1]
    assert newest.weight == pytest.approx(sum(sample.weight for sample in track.samples))
    mean = template_of((sample.vector, sample.weight) for sample in track.samples)
    assert float(mean @ face(0.5, 0.1)) == pytest.approx(1, abs=1e-6)
    assert (newest.nearest, newest.usable_count) == ("Ada", len(track.samples))
    assert newest.similarity - newest.runner_up == pytest.approx(0.4, abs=1e-6)


def test_a_long_track_keeps_three_moments_at_most() -> None:
    run = ScriptedRun(ALL)
    for step in range(400):
        run.frame({1: face(0.5 + 0.1 * np.sin(step / 9), 0.1)})
    run.frame({})
    track = run.records[-1]
    assert len(track.samples) == 5
    assert 1 <= len(track.moments) <= 3
    assert track.moments[-1].template is not None
    assert track.moments[-1].shown_until == track.ended
    times = [moment.at for moment in track.moments]
    assert times == sorted(times)


def test_without_a_name_evidence_counts_as_far_as_a_name_needs_it() -> None:
    keeper, facts = MomentKeeper(), DecisionFacts(thresholds={"evidence": 2.0}, min_samples=2)
    for at_s, (weight, similarity) in enumerate([(0.6, 0.5), (2.0, 0.45), (2.6, 0.4), (2.9, 0.3)]):
        vector, only = face(similarity)[None], np.array([similarity], np.float32)
        templates = Templates(vector, np.array([weight]), np.array([at_s + 1]), np.array([False]))
        keeper.add(NOON, at_s, templates, Matches(("Ada",), only, only - 0.3), facts)
        keeper.show(at_s, Status.UNDECIDED, None)
    assert [moment.weight for moment in keeper.kept((), lambda at_s: NOON)] == [2.0, 2.9]


def test_a_name_that_is_withdrawn_leaves_the_moment_that_gave_it() -> None:
    run = ScriptedRun(ALL)
    run.frames(20, {1: face(0.5, 0.1)})
    for _ in range(400):
        run.frame({1: face(0.22, 0.1)})
    run.frame({})
    track = run.records[-1]
    assert (track.person, track.status.value) == (None, "unknown")
    assert max(moment.similarity for moment in track.moments) >= 0.4


def test_moments_are_read_as_they_were_saved(history: Database) -> None:
    run = ScriptedRun(ALL)
    for step in range(200):
        run.frame({1: face(0.5 + 0.1 * np.sin(step / 9), 0.1), 2: face(0.1, 0.5, rest=50)})
    run.save(history)
    stored = [track for batch in read_tracks(history, Selection(), model=MODEL) for track in batch]
    assert count_tracks(history, Selection(), model=MODEL).comparable == len(stored) == 2
    for track, record in zip(stored, run.records[-2:], strict=True):
        for got, wanted in zip(track.moments, record.moments, strict=True):
            assert (got.weight, got.usable_count, got.nearest) == (wanted.weight, wanted.usable_count, wanted.nearest)
            assert (got.similarity, got.runner_up) == (wanted.similarity, wanted.runner_up)
            assert np.linalg.norm(got.template) == pytest.approx(1, abs=1e-5)
            cosine = float(got.template @ face(1.0) if got.nearest == "Ada" else got.template @ face(0.0, 1.0))
            assert cosine == pytest.approx(wanted.similarity, abs=5e-4)
    facts = last_facts(history, MODEL)
    assert isinstance(facts, DecisionFacts)
    assert (facts.thresholds["known"], facts.min_samples, facts.gallery) == (0.4, 2, "revision")
    assert last_facts(history, "model-2") is None


def test_moments_are_encrypted_and_deleted_with_their_tracks(tmp_path: Path) -> None:
    history = open_history(tmp_path, create=True)
    run = ScriptedRun(ALL)
    for step in range(200):
        run.frame({1: face(0.5 + 0.1 * np.sin(step / 9), 0.1)})
    run.save(history)
    with history.reading() as connection:
        plain = connection.exec_driver_sql("SELECT vector FROM moments WHERE vector IS NOT NULL").scalars().first()
    rekey(history, bytes(range(32)))
    assert isinstance(history.cipher, AesGcm)
    assert plain is not None
    assert plain not in (tmp_path / "history.sqlite3").read_bytes()
    (track,) = next(read_tracks(history, Selection(), model=MODEL))
    assert float(track.moments[-1].template @ face(1.0)) == pytest.approx(
        run.records[-1].moments[-1].similarity, abs=5e-4
    )
    assert count(history) > 0
    purge(history, Retention(known_days=0.001), now=NOON.replace(year=NOON.year + 1))
    assert count(history) == 0
    history.close()
