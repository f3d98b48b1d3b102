"""How good recognition is, by the standard measures (ISO/IEC 19795-1): plain NumPy on similarities.

A comparison of two faces of one person is genuine, of two people an impostor's. At a threshold, FMR is the share of
impostor comparisons at or above it, FNMR the share of genuine ones below; TAR is 1 - FNMR.
"""

from __future__ import annotations

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
    for fold in np.unique(folds):
        test = folds == fold
        threshold = best_threshold(similarities[~test], same[~test])
        thresholds.append(threshold)
        accuracies.append(float(((similarities[test] >= threshold) == same[test]).mean()))
    return FoldedAccuracy(float(np.mean(accuracies)), float(np.std(accuracies)), float(np.mean(thresholds)))


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
