from __future__ import annotations

from recognizer.capture import demand
from recognizer.capture.demand import Demand


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_new_and_unsettled_tracks_are_urgent_and_settled_ones_are_not() -> None:
    clock = Clock()
    wanted = Demand(clock)
    assert not wanted.is_on
    wanted.ask([1])
    assert wanted.is_on
    clock.now += demand.STAYS_S + 0.01
    assert not wanted.is_on
    clock.now += 2.0  # a settled track's next sample
    wanted.ask([1])
    assert not wanted.is_on
    clock.now += 0.3  # its face changed
    wanted.ask([1])
    assert wanted.is_on


def test_the_budget_is_used_up_and_grows_again() -> None:
    clock = Clock()
    wanted = Demand(clock)
    assert wanted.take(demand.MOST)
    assert not wanted.take(1)
    clock.now += 2.1 / demand.RATE
    assert not wanted.take(3)
    assert wanted.take(2)
    clock.now += 1e6
    assert not wanted.take(demand.MOST + 1)
    assert wanted.take(demand.MOST)
