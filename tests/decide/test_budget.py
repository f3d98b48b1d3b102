"""An embedding budget that all tracks share."""

from __future__ import annotations

from functools import partial

import numpy as np

from recognizer.decide.budget import URGENT, BudgetedDecider, EmbeddingBudget
from recognizer.types import F32, Status
from tests.decide.decide_helpers import World, unit


def chosen(budget: EmbeddingBudget, at: float, *gains: float) -> list[int]:
    return np.flatnonzero(budget.choose("clip", at, np.array(gains))).tolist()


def test_a_full_purse_pays_for_whatever_is_wanted() -> None:
    assert chosen(EmbeddingBudget(5), 0.0, 0.15, 0.0, 0.9) == [0, 2]


def test_an_emptier_purse_pays_only_for_what_gains_more_and_the_best_first() -> None:
    budget = EmbeddingBudget(2)
    assert chosen(budget, 0.0, 0.3, 0.6, 0.1, 0.9) == [1, 3]  # two of four are left: it must be more than a half
    assert chosen(budget, 0.0, 0.6) == [0]
    assert chosen(budget, 0.0, 0.7) == []
    assert chosen(budget, 0.0, 0.8) == [0]
    assert chosen(budget, 0.0, 1.0) == []  # nothing is left


def test_it_fills_with_time_up_to_those_of_two_seconds() -> None:
    budget = EmbeddingBudget(4)
    assert len(chosen(budget, 0.0, *[1.0] * 9)) == 8
    assert len(chosen(budget, 0.5, *[1.0] * 9)) == 2
    assert len(chosen(budget, 9.0, *[1.0] * 9)) == 8


def test_a_clip_that_begins_again_does_not_fill_it() -> None:
    budget = EmbeddingBudget(2)
    assert len(chosen(budget, 60.0, *[1.0] * 4)) == 4
    assert chosen(budget, 0.0, 1.0) == []
    assert chosen(budget, 0.5, 1.0) == [0]


def test_cameras_with_clocks_of_their_own_share_it() -> None:
    budget, taken = EmbeddingBudget(5), 0
    for frame in range(250):  # ten seconds of two cameras, 20 ms and 500,000 s apart
        for source, at in (("north", frame / 25), ("south", 500_000.02 + frame / 25)):
            taken += int(budget.choose(source, at, np.ones(1)).sum())
    assert 50 <= taken <= 60  # five a second, and the ten that it holds at first


def test_what_may_show_a_wrong_name_is_always_paid_for_and_the_others_wait_for_it() -> None:
    budget = EmbeddingBudget(2)
    assert chosen(budget, 0.0, *[URGENT] * 20) == list(range(20))
    assert chosen(budget, 2.0, 1.0) == []  # two seconds' debt at the most
    assert chosen(budget, 3.0, 1.0) == [0]


def world(per_s: float) -> World:
    return World(partial(BudgetedDecider, budget=EmbeddingBudget(per_s)))  # type: ignore[arg-type]


def faces(*similarities: float) -> dict[int, F32]:
    """Tracks 1, 2, ... that are like Ada, Bea and Cleo by turns."""
    return {
        number: unit(*[0.0] * ((number - 1) % 3), one, rest=100 + number) for number, one in enumerate(similarities, 1)
    }


def test_every_face_gets_its_name_within_the_budget_only_later() -> None:
    rich, poor = world(100), world(2)
    crowd = faces(0.7, 0.45, 0.5, 0.1, 0.15, 0.2)
    assert all(shown.status is not Status.UNDECIDED for shown in rich.frames(12, crowd).values())
    last = poor.frames(12, crowd)
    assert sum(shown.status is Status.UNDECIDED for shown in last.values()) >= 2
    assert len(poor.asked) <= 4 + 12 * 0.1 * 2
    while any(shown.status is Status.UNDECIDED for shown in last.values()):
        last = poor.frame(crowd)
    assert poor.at < 8


def test_a_new_face_comes_before_one_that_is_settled_far_from_the_threshold() -> None:
    poor = world(1)
    while poor.frame(faces(0.9)).get(1) is None or poor.at < 6:
        pass
    shown = poor.frames(25, faces(0.9, 0.9))
    assert shown[2].name == "Bea"


def test_a_face_that_changed_is_sampled_whatever_the_budget_says() -> None:
    poor = world(1)
    poor.frames(30, faces(0.8))
    assert poor.decider.doubted == frozenset()
    other = {1: unit(0, 0, 0.9, rest=300)}
    while not poor.decider.doubted:
        poor.frame(other)
    began = len(poor.asked)
    poor.frame(other)
    assert len(poor.asked) == began + 1
