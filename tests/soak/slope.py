"""The slope of a noisy figure over time, with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BLOCKS = 10
"""Samples that follow each other are alike; the medians of ten stretches of time are nearly independent."""
_T_95 = 2.306
"""Student's t, two-sided 95 %, for ten points less two parameters."""


@dataclass(frozen=True, slots=True)
class Slope:
    """A change per unit of time, and its 95 % interval."""

    value: float
    low: float
    high: float


def slope(times: Sequence[float], values: Sequence[float]) -> Slope:
    """Fit a line through the medians of ten equal stretches.

    Args:
        times: rising.
        values: one for each time.

    Raises:
        ValueError: fewer than two samples for each stretch.
    """
    if len(times) < 2 * BLOCKS:
        raise ValueError(f"slope: wanted at least {2 * BLOCKS} samples, got {len(times)}.")
    x = np.array([np.median(part) for part in np.array_split(np.asarray(times, float), BLOCKS)])
    y = np.array([np.median(part) for part in np.array_split(np.asarray(values, float), BLOCKS)])
    spread = float(((x - x.mean()) ** 2).sum())
    value = float(((x - x.mean()) * (y - y.mean())).sum()) / spread
    rest = y - y.mean() - value * (x - x.mean())
    error = float(np.sqrt((rest**2).sum() / (BLOCKS - 2) / spread))
    return Slope(value, value - _T_95 * error, value + _T_95 * error)
