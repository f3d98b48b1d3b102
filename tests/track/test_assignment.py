from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from recognizer.track.assignment import best_pairs


@pytest.mark.parametrize("share", [0.1, 0.3, 0.7, 1.0])
def test_the_pairs_are_those_of_scipy(share: float) -> None:
    random = np.random.default_rng(int(100 * share))
    for _ in range(200):
        shape = random.integers(1, 9, 2)
        gain = np.where(random.random(shape) < share, random.random(shape), 0).astype(np.float32)
        rows, columns = linear_sum_assignment(gain, maximize=True)
        wanted = [(r, c) for r, c in zip(rows.tolist(), columns.tolist(), strict=True) if gain[r, c] > 0]
        pairs = best_pairs(gain)
        assert sum(float(gain[pair]) for pair in pairs) == pytest.approx(sum(float(gain[pair]) for pair in wanted))
        assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)


def test_the_best_pair_is_given_up_for_a_better_sum() -> None:
    gain = np.array([[1.9, 1.8], [1.7, 0.0]], np.float32)
    assert best_pairs(gain) == [(0, 1), (1, 0)]


def test_what_has_no_gain_is_no_pair() -> None:
    assert best_pairs(np.zeros((2, 3), np.float32)) == []
    assert best_pairs(np.zeros((0, 3), np.float32)) == []
