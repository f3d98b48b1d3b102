"""Whether it helped: the figures against a plain recount, and both answers."""

from __future__ import annotations

import numpy as np
import pytest

from recognizer import metrics
from recognizer.errors import InputError
from recognizer.train.embedder import heldout
from recognizer.train.embedder.verdict import Panel
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
    panel = Panel(PAIRS)
    assert panel.fmr == 1e-2, "6,960 impostor comparisons are too few for 1e-3"
    found = vectors(1.0)
    directions = heldout.unit(found)
    a, b = np.triu_indices(len(LABELS), 1)
    similarities = np.asarray((directions @ directions.T)[a, b], np.float32)
    same = LABELS[a] == LABELS[b]
    standing = panel.stand(found)
    assert standing.tar == pytest.approx(metrics.tar_at_fmr(similarities[same], similarities[~same], 1e-2), abs=1e-6)
    assert standing.accuracy == heldout.judge(found, PAIRS).accuracy
    for value, (low, high) in (
        (standing.tar, standing.tar_interval),
        (standing.accuracy, standing.accuracy_interval),
    ):
        assert low < value < high


def test_a_draw_is_the_rate_of_a_folder_in_which_people_stand_as_often_as_drawn() -> None:
    panel = Panel(PAIRS, seed=3)
    found = vectors(1.2)
    by_name = sorted(map(str, range(PEOPLE)))  # as the panel numbers them
    draw = [int(panel._draws[5][by_name.index(str(person))]) for person in range(PEOPLE)]
    copies = np.concatenate([np.flatnonzero(person == LABELS) for person in range(PEOPLE) for _ in range(draw[person])])
    block = np.repeat(np.arange(sum(draw)), EACH)  # each copy of a person is compared only within itself
    directions = heldout.unit(found)[copies]
    a, b = np.triu_indices(len(copies), 1)
    similarities = np.asarray((directions @ directions.T)[a, b], np.float32)
    genuine = similarities[block[a] == block[b]]
    impostors = similarities[LABELS[copies[a]] != LABELS[copies[b]]]
    total = (len(copies) ** 2 - sum((EACH * count) ** 2 for count in draw)) / 2
    assert total == len(impostors)
    assert panel._tars(found)[5] == pytest.approx(metrics.tar_at_fmr(genuine, impostors, panel.fmr), abs=1e-6)


def test_a_better_model_helped_a_worse_or_equal_one_did_not() -> None:
    panel = Panel(PAIRS)
    good, bad = vectors(0.6), vectors(1.3)
    better = panel.compare(bad, good)
    assert better.helped
    assert better.gain == pytest.approx(better.after.tar - better.before.tar)
    assert "gain +" in better.summary()
    assert better.as_dict()["helped"] is True
    assert not panel.compare(good, bad).helped
    same = panel.compare(good, good)
    assert (same.gain, same.gain_interval, same.helped) == (0.0, (0.0, 0.0), False)


def test_a_small_lead_is_not_taken_for_help() -> None:
    panel = Panel(PAIRS)
    slightly = panel.compare(vectors(1.0), vectors(0.99))
    assert slightly.gain_interval[0] <= 0 <= slightly.gain_interval[1]
    assert not slightly.helped


def test_people_of_one_picture_cannot_judge() -> None:
    lonely = heldout.Split([], [], ["A", "B"], np.zeros((0, 2), np.int64), np.zeros(0, bool), np.zeros(0, np.int64))
    with pytest.raises(InputError, match="some with two pictures"):
        Panel(lonely)
