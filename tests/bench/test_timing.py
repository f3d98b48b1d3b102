from __future__ import annotations

import pytest

from recognizer.bench.timing import Meter, Spent, cpu_ms, interleaved, ratio, rounded, wall_ms


def test_works_take_turns_and_warm_up_counts_for_nothing() -> None:
    calls: list[str] = []
    works = {name: lambda number, name=name: calls.append(f"{name}{number}") for name in "abc"}
    spent = interleaved(works, rounds=3, warm_up=1)
    assert calls == ["c0", "a0", "b0", "a0", "b0", "c0", "b1", "c1", "a1", "c2", "a2", "b2"]
    assert {name: len(values) for name, values in spent.items()} == {"a": 3, "b": 3, "c": 3}


def test_a_ratio_is_taken_round_by_round() -> None:
    dear = [Spent(2.0, 8.0), Spent(6.0, 9.0), Spent(40.0, 10.0)]
    cheap = [Spent(1.0, 2.0), Spent(2.0, 3.0), Spent(10.0, 5.0)]
    found = ratio(dear, cheap)
    assert (found.cpu.median, found.cpu.low, found.cpu.high) == (3.0, 2.5, 3.5)
    assert found.cpu.p95 == pytest.approx(3.9)
    assert found.wall.median == 3.0
    assert found.as_dict()["cpu"]["median"] == 3.0


def test_works_that_did_not_take_turns_are_no_ratio() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio([Spent(1, 1)] * 2, [Spent(1, 1)])


def test_units() -> None:
    spent = [Spent(0.002, 0.004)] * 2
    assert cpu_ms(spent).median == pytest.approx(2)
    assert wall_ms(spent).p95 == pytest.approx(4)
    assert Spent(1.0, 2.0) / 4 == Spent(0.25, 0.5)
    assert rounded(1234567.0) == 1235000.0


def test_a_meter_measures_what_stands_in_it() -> None:
    with Meter() as meter:
        sum(range(1000))
    assert meter.spent.wall_s > 0
    assert meter.spent.cpu_s >= 0
