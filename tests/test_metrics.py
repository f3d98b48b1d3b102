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
    # folds 0 and 1 are split anywhere; fold 2 is verified at 0.5, between 0.1 and 0.9, which accepts both of its pairs
    assert result.mean == pytest.approx((1 + 1 + 0.5) / 3)
    assert result.deviation == pytest.approx(np.std([1, 1, 0.5]))
    assert metrics.folded_right(similarities, same, folds).tolist() == [True, True, True, True, False, True]


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


def random_scores(seed: int, ties: int = 40) -> tuple[F32, F32]:
    random = np.random.default_rng(seed)
    genuine, impostors = random.normal(0.6, 0.2, 150), random.normal(0.1, 0.2, 210)
    return tuple((np.round(x * ties) / ties).astype(np.float32) for x in (genuine, impostors))  # type: ignore[return-value]


@pytest.mark.parametrize("seed", range(4))
def test_roc_counts_what_reaches_each_threshold(seed: int) -> None:
    genuine, impostors = random_scores(seed)
    thresholds, fmr, tar = metrics.roc(genuine, impostors)
    assert (fmr[0], tar[0], fmr[-1], tar[-1]) == (0, 0, 1, 1)
    for threshold, accepted, found in zip(thresholds, fmr, tar, strict=True):
        assert accepted == pytest.approx(np.mean([s >= threshold for s in impostors]))
        assert found == pytest.approx(np.mean([s >= threshold for s in genuine]))


@pytest.mark.parametrize("seed", range(4))
def test_area_is_that_of_trapezes_under_the_curve(seed: int) -> None:
    genuine, impostors = random_scores(seed)
    _, fmr, tar = (column.astype(np.float64) for column in metrics.roc(genuine, impostors))
    trapezes = ((fmr[1:] - fmr[:-1]) * (tar[1:] + tar[:-1]) / 2).sum()
    assert metrics.area_under_roc(genuine, impostors) == pytest.approx(trapezes, abs=1e-6)


def test_equal_error_rate_of_a_case_worked_by_hand() -> None:
    genuine, impostors = scores(0.9, 0.8, 0.7, 0.3), scores(0.6, 0.4, 0.2, 0.1)
    assert metrics.equal_error_rate(genuine, impostors) == pytest.approx(0.25)  # at 0.6: one of four each way
    assert metrics.equal_error_rate(scores(0.9), scores(0.1)) == 0
    assert metrics.equal_error_rate(scores(0.1), scores(0.9)) == 1


def test_equal_error_rate_lies_between_the_rates_where_they_cross() -> None:
    genuine, impostors = random_scores(9, ties=1000)
    rate = metrics.equal_error_rate(genuine, impostors)
    threshold = min(genuine, key=lambda t: abs((impostors >= t).mean() - (genuine < t).mean()))
    assert rate == pytest.approx((impostors >= threshold).mean(), abs=0.02)


def test_the_bootstrap_interval_is_that_of_a_binomial_where_the_threshold_hardly_moves() -> None:
    random = np.random.default_rng(1)
    genuine = np.where(random.random(400) < 0.9, 0.9, 0.0).astype(np.float32)
    impostors = random.uniform(0.1, 0.2, 1000).astype(np.float32)
    low, high = metrics.tar_interval(genuine, impostors, 0.01)
    share = float((genuine > 0.5).mean())
    deviation = (share * (1 - share) / 400) ** 0.5
    assert low == pytest.approx(share - 1.96 * deviation, abs=0.006)
    assert high == pytest.approx(share + 1.96 * deviation, abs=0.006)
