"""How good recognition is, by the standard measures (ISO/IEC 19795-1): plain NumPy on similarities.

A comparison of two faces of one person is genuine, of two people an impostor's. At a threshold, FMR is the share of
impostor comparisons at or above it, FNMR the share of genuine ones below; TAR is 1 - FNMR.
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
    """Accuracy of a pairs protocol, threshold chosen on the other folds (LFW, Huang et al. 2007)."""

    mean: float
    deviation: float
    """Standard deviation over the folds."""
    threshold: float
    """Mean of the thresholds chosen."""


def folded_accuracy(similarities: F32, same: Bools, folds: I64) -> FoldedAccuracy:
    """Verification accuracy by cross-validation.

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
    """Which pairs ``folded_accuracy`` gets right, (P,)."""
    right = np.zeros(len(same), np.bool_)
    for test, threshold in _fold_thresholds(similarities, same, folds):
        right[test] = (similarities[test] >= threshold) == same[test]
    return right


def _fold_thresholds(similarities: F32, same: Bools, folds: I64) -> Iterator[tuple[Bools, float]]:
    """For each fold which pairs are in it, (P,), and the threshold that is best on all others."""
    for fold in np.unique(folds):
        test = folds == fold
        yield test, best_threshold(similarities[~test], same[~test])


def best_threshold(similarities: F32, same: Bools) -> float:
    """The threshold with most pairs right, half-way between the two similarities it separates."""
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
    """The lowest threshold at which at most a share ``fmr`` of the impostor similarities passes."""
    allowed = int(np.floor(fmr * len(impostors)))
    highest = np.sort(impostors)[::-1]
    if allowed >= len(highest):
        return float(highest[-1])
    return float(np.nextafter(highest[allowed], np.float32(2)))


def tar_at_fmr(genuine: F32, impostors: F32, fmr: float) -> float:
    """Share of genuine comparisons accepted at the threshold that lets ``fmr`` of the impostors pass."""
    return float((genuine >= threshold_at_fmr(impostors, fmr)).mean())


def roc(genuine: F32, impostors: F32) -> tuple[F32, F32, F32]:
    """The receiver operating characteristic, at every similarity that occurs.

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
    """Probability that a genuine comparison is more similar than an impostor's, ties counted half (Mann-Whitney)."""
    ordered = np.sort(impostors)
    below, up_to = (np.searchsorted(ordered, genuine, side=side) for side in ("left", "right"))
    return float((below + up_to).mean() / (2 * len(impostors)))


def equal_error_rate(genuine: F32, impostors: F32) -> float:
    """The rate at which FMR and FNMR meet, by a straight line between the two thresholds where they cross."""
    _, fmr, tar = roc(genuine, impostors)
    gap = fmr.astype(np.float64) - (1 - tar.astype(np.float64))  # rises from -1 to 1
    after = int(np.argmax(gap >= 0))
    low, high = gap[after - 1], gap[after]
    share = -low / (high - low)
    return float(fmr[after - 1] + share * (fmr[after] - fmr[after - 1]))


def tar_interval(
    genuine: F32, impostors: F32, fmr: float, *, rounds: int = 1000, seed: int = 0, confidence: float = 0.95
) -> tuple[float, float]:
    """Bootstrap interval of ``tar_at_fmr``: comparisons of both kinds drawn anew, with replacement (Efron 1979)."""
    random = np.random.default_rng(seed)
    found = [
        tar_at_fmr(random.choice(genuine, len(genuine)), random.choice(impostors, len(impostors)), fmr)
        for _ in range(rounds)
    ]
    tail = 50 * (1 - confidence)
    low, high = np.percentile(found, [tail, 100 - tail])
    return float(low), float(high)
