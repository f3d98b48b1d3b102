"""Slopes against the formula of a straight line, and the interval against noise."""

from __future__ import annotations

import numpy as np
import pytest

from tests.soak.slope import slope


def test_a_straight_line_has_its_slope_and_no_doubt() -> None:
    found = slope(range(100), [3.0 + 0.5 * at for at in range(100)])
    assert found.value == pytest.approx(0.5)
    assert found.low == pytest.approx(0.5)
    assert found.high == pytest.approx(0.5)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    draw = np.random.default_rng(0)
    times = np.arange(200.0)
    held = 0
    for _ in range(300):
        found = slope(list(times), list(0.1 * times + draw.normal(0, 5, 200)))
        held += found.low <= 0.1 <= found.high
    assert 0.91 <= held / 300 <= 0.99


def test_peaks_do_not_count() -> None:
    values = [100.0 + 400 * (at % 17 == 0) for at in range(200)]
    found = slope(range(200), values)
    assert found.low <= 0 <= found.high


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 20"):
        slope(range(19), range(19))
