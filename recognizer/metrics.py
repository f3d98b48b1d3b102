"""Standard measures of recognition (ISO/IEC 19795-1), computed from similarities with NumPy.

A comparison of two faces of one person is genuine, of two people an impostor comparison. At a threshold, FMR is the
share of impostor comparisons at or above it, FNMR the share of genuine ones below; TAR is 1 - FNMR.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.types import F32, I64

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FoldedAccuracy:
    """Accuracy of a pairs protocol, with thresholds chosen on the other folds (LFW, Huang et al. 2007)."""

    mean: float
    deviation: float
    """Standard deviation over the folds."""
    threshold: float
    """Mean of the chosen thresholds."""


def folded_accuracy(similarities: F32, same: Bools, folds: I64) -> FoldedAccuracy:
    """Compute verification accuracy by cross-validation.

    Args:
        similarities: (P,) cosine of each pair.
        same: (P,) whether the two are one person.
        folds: (P,) fold of each pair.
    """
    accuracies, thresholds = [], []
    for test, threshold in _fold_thresholds(similarities, same, folds):
        thresholds.append(threshold)
        accuracies.append(float(((similarities[test] >= threshold) == same[test]).mean()))
    return FoldedAccuracy(float(np.mean(accuracies)), float(np.std(accuracies)), float(np.mean(thresholds)))


def folded_right(similarities: F32, same: Bools, folds: I64) -> Bools:
    """Return (P,) which pairs ``folded_accuracy`` decides correctly."""
    right = np.zeros(len(same), np.bool_)
    for test, threshold in _fold_thresholds(similarities, same, folds):
        right[test] = (similarities[test] >= threshold) == same[test]
    return right


def _fold_thresholds(similarities: F32, same: Bools, folds: I64) -> Iterator[tuple[Bools, float]]:
    """Yield (P,) the pairs of each fold, and the threshold that is best on all others."""
    for fold in np.unique(folds):
        test = folds == fold
        yield test, best_threshold(similarities[~test], same[~test])


def best_threshold(similarities: F32, same: Bools) -> float:
    """Return the threshold with most correct pairs, half-way between the similarities that it separates."""
    order = np.argsort(similarities)
    ordered, genuine = similarities[order].astype(np.float64), same[order]
    right = np.concatenate([[0], np.cumsum(~genuine)]) + np.concatenate([np.cumsum(genuine[::-1])[::-1], [0]])
    cut = int(right.argmax())  # pairs before it are called different
    if cut == 0:
        return float(ordered[0])
    if cut == len(ordered):
        return float(np.nextafter(similarities[order[-1]], np.float32(np.inf)))
    return float((ordered[cut - 1] + ordered[cut]) / 2)


def threshold_at_fmr(impostors: F32, fmr: float) -> float:
    """Return the lowest threshold that at most a share ``fmr`` of the impostor similarities reaches."""
    allowed = int(np.floor(fmr * len(impostors)))
    highest = np.sort(impostors)[::-1]
    if allowed >= len(highest):
        return float(highest[-1])
    return float(np.nextafter(highest[allowed], np.float32(2)))


def tar_at_fmr(genuine: F32, impostors: F32, fmr: float) -> float:
    """Return the share of genuine comparisons accepted at the threshold that ``fmr`` of the impostors reach."""
    return float((genuine >= threshold_at_fmr(impostors, fmr)).mean())


def roc(genuine: F32, impostors: F32) -> tuple[F32, F32, F32]:
    """Compute the receiver operating characteristic at every similarity that occurs.

    Returns:
        Three (T,) arrays, thresholds falling: threshold, FMR, TAR; the first accepts nothing.
    """
    thresholds = np.unique(np.concatenate([genuine, impostors]))[::-1]
    fmr = 1 - np.searchsorted(np.sort(impostors), thresholds, side="left") / len(impostors)
    tar = 1 - np.searchsorted(np.sort(genuine), thresholds, side="left") / len(genuine)
    start = np.nextafter(thresholds[:1], np.float32(2))
    columns = (np.concatenate([start, thresholds]), np.concatenate([[0.0], fmr]), np.concatenate([[0.0], tar]))
    return tuple(np.asarray(column, np.float32) for column in columns)  # type: ignore[return-value]


def area_under_roc(genuine: F32, impostors: F32) -> float:
    """Return the probability that a genuine comparison exceeds an impostor one, ties counting half (Mann-Whitney)."""
    ordered = np.sort(impostors)
    below, up_to = (np.searchsorted(ordered, genuine, side=side) for side in ("left", "right"))
    return float((below + up_to).mean() / (2 * len(impostors)))


def equal_error_rate(genuine: F32, impostors: F32) -> float:
    """Return the rate at which FMR equals FNMR, interpolated linearly between the thresholds where they cross."""
    _, fmr, tar = roc(genuine, impostors)
    gap = fmr.astype(np.float64) - (1 - tar.astype(np.float64))  # rises from -1 to 1
    after = int(np.argmax(gap >= 0))
    low, high = gap[after - 1], gap[after]
    share = -low / (high - low)
    return float(fmr[after - 1] + share * (fmr[after] - fmr[after - 1]))


def tar_interval(
    genuine: F32, impostors: F32, fmr: float, *, rounds: int = 1000, seed: int = 0, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the bootstrap interval of ``tar_at_fmr`` over comparisons of both kinds (Efron 1979)."""
    random = np.random.default_rng(seed)
    found = [
        tar_at_fmr(random.choice(genuine, len(genuine)), random.choice(impostors, len(impostors)), fmr)
        for _ in range(rounds)
    ]
    tail = 50 * (1 - confidence)
    low, high = np.percentile(found, [tail, 100 - tail])
    return float(low), float(high)
