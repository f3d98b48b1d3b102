"""Whether it helped: the figures against a plain recount, and both answers."""

from __future__ import annotations

import numpy as np
import pytest

from recognizer import metrics
from recognizer.errors import InputError
from recognizer.train.embedder import heldout
from recognizer.train.embedder.comparison import HeldOutTest
from recognizer.types import F32

PEOPLE, EACH = 30, 4
LABELS = np.repeat(np.arange(PEOPLE), EACH)
PAIRS = heldout.pairs_of(LABELS, seed=1)


def vectors(noise: float, *, seed: int = 0) -> F32:
    """Faces scattered round their people's directions."""
    rng = np.random.default_rng(seed)
    people = rng.standard_normal((PEOPLE, 24))
    return (people[LABELS] + noise * rng.standard_normal((len(LABELS), 24))).astype(np.float32)


def test_the_rate_is_the_metric_over_all_comparisons() -> None:
    held_out = HeldOutTest(PAIRS)
    assert held_out.fmr == 1e-2, "6,960 impostor comparisons are too few for 1e-3"
    found = vectors(1.0)
    directions = heldout.unit(found)
    a, b = np.triu_indices(len(LABELS), 1)
    similarities = np.asarray((directions @ directions.T)[a, b], np.float32)
    same = LABELS[a] == LABELS[b]
    score = held_out.score(found)
    assert score.tar == pytest.approx(metrics.tar_at_fmr(similarities[same], similarities[~same], 1e-2), abs=1e-6)
    assert score.accuracy == heldout.verify(found, PAIRS).accuracy
    for value, (low, high) in (
        (score.tar, score.tar_interval),
        (score.accuracy, score.accuracy_interval),
    ):
        assert low < value < high


def test_a_draw_is_the_rate_of_a_folder_in_which_people_stand_as_often_as_drawn() -> None:
    held_out = HeldOutTest(PAIRS, seed=3)
    found = vectors(1.2)
    by_name = sorted(map(str, range(PEOPLE)))  # as the test numbers them
    draw = [int(held_out._draws[5][by_name.index(str(person))]) for person in range(PEOPLE)]
    copies = np.concatenate([np.flatnonzero(person == LABELS) for person in range(PEOPLE) for _ in range(draw[person])])
    block = np.repeat(np.arange(sum(draw)), EACH)  # each copy of a person is compared only within itself
    directions = heldout.unit(found)[copies]
    a, b = np.triu_indices(len(copies), 1)
    similarities = np.asarray((directions @ directions.T)[a, b], np.float32)
    genuine = similarities[block[a] == block[b]]
    impostors = similarities[LABELS[copies[a]] != LABELS[copies[b]]]
    total = (len(copies) ** 2 - sum((EACH * count) ** 2 for count in draw)) / 2
    assert total == len(impostors)
    assert held_out._tars(found)[5] == pytest.approx(metrics.tar_at_fmr(genuine, impostors, held_out.fmr), abs=1e-6)


def test_a_better_model_helped_a_worse_or_equal_one_did_not() -> None:
    held_out = HeldOutTest(PAIRS)
    good, bad = vectors(0.6), vectors(1.3)
    better = held_out.compare(bad, good)
    assert better.helped
    assert better.gain == pytest.approx(better.after.tar - better.before.tar)
    assert "gain +" in better.summary()
    assert better.as_dict()["helped"] is True
    assert not held_out.compare(good, bad).helped
    same = held_out.compare(good, good)
    assert (same.gain, same.gain_interval, same.helped) == (0.0, (0.0, 0.0), False)


def test_a_small_lead_is_not_taken_for_help() -> None:
    held_out = HeldOutTest(PAIRS)
    slightly = held_out.compare(vectors(1.0), vectors(0.99))
    assert slightly.gain_interval[0] <= 0 <= slightly.gain_interval[1]
    assert not slightly.helped


def test_people_of_one_picture_show_nothing() -> None:
    lonely = heldout.Split([], [], ["A", "B"], np.zeros((0, 2), np.int64), np.zeros(0, bool), np.zeros(0, np.int64))
    with pytest.raises(InputError, match="some with two pictures"):
        HeldOutTest(lonely)
