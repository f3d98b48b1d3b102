from __future__ import annotations

import math

import pytest

from recognizer.calibration import intervals


@pytest.mark.parametrize(("hits", "trials"), [(1, 10), (3, 50), (49, 50), (120, 4000)])
def test_a_share_at_the_ends_of_its_interval_is_just_believable(hits: int, trials: int) -> None:
    low, high = intervals.binomial_interval(hits, trials)

    def at_most(k: int, share: float) -> float:
        return sum(math.comb(trials, i) * share**i * (1 - share) ** (trials - i) for i in range(k + 1))

    assert at_most(hits, high) == pytest.approx(0.025, rel=1e-6)
    assert 1 - at_most(hits - 1, low) == pytest.approx(0.025, rel=1e-6)


def test_no_hit_at_all_gives_the_rule_of_three() -> None:
    assert intervals.rule_of_three(5000) == pytest.approx(3 / 5000, rel=0.01)
    assert intervals.binomial_interval(0, 100)[0] == 0
    assert intervals.binomial_interval(100, 100)[1] == 1


@pytest.mark.parametrize("count", [0, 1, 7])
def test_a_count_at_the_ends_of_its_interval_is_just_believable(count: int) -> None:
    low, high = intervals.poisson_interval(count)
    assert sum(math.exp(-high) * high**i / math.factorial(i) for i in range(count + 1)) == pytest.approx(0.025)
    if count:
        assert sum(math.exp(-low) * low**i / math.factorial(i) for i in range(count)) == pytest.approx(0.975)
