from __future__ import annotations

import numpy as np
import pytest

from recognizer import metrics
from recognizer.types import F32


def scores(*values: float) -> F32:
    return np.array(values, np.float32)


@pytest.mark.parametrize(
    ("similarities", "same", "right"),
    [
        ((0.1, 0.2, 0.8, 0.9), (0, 0, 1, 1), 4),
        ((0.1, 0.7, 0.6, 0.9), (0, 0, 1, 1), 3),
        ((0.9, 0.8), (1, 1), 2),  # all the same person
        ((0.9, 0.8), (0, 0), 2),  # nobody
    ],
)
def test_best_threshold_gets_most_right(similarities: tuple[float, ...], same: tuple[int, ...], right: int) -> None:
    genuine = np.array(same, bool)
    threshold = metrics.best_threshold(scores(*similarities), genuine)
    assert ((scores(*similarities) >= threshold) == genuine).sum() == right
    every = [((scores(*similarities) >= t) == genuine).sum() for t in np.linspace(0, 1.01, 500)]
    assert right >= max(every)


def test_folded_accuracy_never_uses_the_fold_it_tests() -> None:
    similarities = scores(0.1, 0.9, 0.1, 0.9, 0.5, 0.6)
    same = np.array([0, 1, 0, 1, 0, 1], bool)
    folds = np.array([0, 0, 1, 1, 2, 2])
    result = metrics.folded_accuracy(similarities, same, folds)
    # folds 0 and 1 are split anywhere; fold 2 is judged at 0.5, between 0.1 and 0.9, which accepts both of its pairs
    assert result.mean == pytest.approx((1 + 1 + 0.5) / 3)
    assert result.deviation == pytest.approx(np.std([1, 1, 0.5]))


@pytest.mark.parametrize(("fmr", "passing"), [(0.0, 0), (0.1, 1), (0.25, 2), (1.0, 10)])
def test_threshold_lets_pass_no_more_than_it_may(fmr: float, passing: int) -> None:
    impostors = scores(*np.linspace(0.0, 0.9, 10))
    threshold = metrics.threshold_at_fmr(impostors, fmr)
    assert (impostors >= threshold).sum() == passing


def test_threshold_lets_no_tie_pass() -> None:
    impostors = scores(0.5, 0.5, 0.5, 0.1)
    assert (impostors >= metrics.threshold_at_fmr(impostors, 0.25)).sum() == 0


def test_tar_counts_the_genuine_that_remain() -> None:
    impostors, genuine = scores(*np.linspace(0.0, 0.9, 10)), scores(0.2, 0.85, 0.95, 0.99)
    assert metrics.tar_at_fmr(genuine, impostors, 0.1) == pytest.approx(0.75)
