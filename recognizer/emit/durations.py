"""Percentiles of durations, in memory that does not grow."""

from __future__ import annotations

import math

import numpy as np


class Durations:
    """Percentiles of any number of durations in 8 KB: a histogram whose bins grow by 2 %, from 1 us to 100 s."""

    _GROWTH = math.log(1.02)
    _FIRST_S = 1e-6
    _BINS = 932

    def __init__(self) -> None:
        self._counts = np.zeros(self._BINS, np.int64)

    def add(self, seconds: float) -> None:
        """Count one duration, s."""
        place = int(math.log(max(seconds, self._FIRST_S) / self._FIRST_S) / self._GROWTH)
        self._counts[min(place, self._BINS - 1)] += 1

    def percentile_ms(self, percent: float) -> float:
        """The duration that ``percent`` of them do not exceed, ms, to 1 %; 0 when there are none."""
        total = int(self._counts.sum())
        if total == 0:
            return 0.0
        rank = max(1, math.ceil(total * percent / 100))
        place = int(np.searchsorted(np.cumsum(self._counts), rank))
        return 1000 * self._FIRST_S * math.exp((place + 0.5) * self._GROWTH)
