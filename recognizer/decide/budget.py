"""Stage 7, DECIDE: an embedding budget for each second, shared over all tracks by what a sample of each may change."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.decide.decider import Decider
from recognizer.decide.evidence import Evidence
from recognizer.decide.weights import size_share
from recognizer.types import Frame, Status, Tracks

URGENT = math.inf
"""Gain of a sample that may show that a name is wrong: it is always taken, and paid for later."""
NEAR = 0.2
"""Distance of a similarity from the threshold at which one more sample hardly changes the decision: two samples of one
face differ by less (1 % of 788 samples of one track were below 0.31 where a name needs 0.42, edgeface_xs_q)."""
HELD_S = 2.0
"""Seconds that a purse holds: at a cut, all faces are new. With 1, 2 and 4 s a TV clip's coverage is 89.9, 92.6 and
92.5 % at 5 a second, 83.0, 85.4 and 86.4 % at 3 (`evaluate embeddings` with this number changed by hand)."""
LEAST_SHARE = 0.2
"""Of the gain, that the smallest face still has: else it would wait until nobody else wants anything. Not measured."""
LONG = 5
"""Waits of a settled track after which its sample is worth as much as the first one of another track. Not measured."""


class EmbeddingBudget:
    """A purse that fills by ``per_s`` embeddings a second and holds those of ``HELD_S``.

    The emptier it is, the more a sample must gain: at half of it, only gains above a half are paid for. So what is
    worth little waits while much is wanted, and costs nothing to take when nobody else wants it.

    Args:
        per_s: embeddings a second, over all tracks of all sources that share it.
    """

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._most = max(1.0, HELD_S * per_s)
        self._left = self._most
        self._last_at: dict[str, float] = {}
        self._seconds: dict[str, float] = {}
        """Of each source, since its first frame; all of them go on at once, so that the longest counts."""

    def choose(self, source: str, at: float, gains: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Choose the samples to pay for, those that gain most first.

        Args:
            source: of the frame; each has a clock of its own.
            at: time of the frame, s.
            gains: (T,) what a sample of each face may change, in [0, 1]; 0: none is wanted; ``URGENT``: it must be.
        """
        before = max(self._seconds.values(), default=0.0)
        elapsed = max(0.0, at - self._last_at.get(source, at))  # a clip that begins again does not fill it
        self._seconds[source] = self._seconds.get(source, before) + elapsed
        self._last_at[source] = at
        passed = max(self._seconds.values()) - before
        self._left = min(self._most, self._left + passed * self._per_s)
        chosen = np.zeros(len(gains), bool)
        for row in np.argsort(-gains, kind="stable").tolist():
            price = 1.0 if self._left < 1 else 1.0 - self._left / self._most
            if gains[row] <= price and gains[row] != URGENT:
                break
            chosen[row] = gains[row] > 0
            self._left = max(self._left - 1.0, -self._most) if chosen[row] else self._left
        return chosen


class BudgetedDecider(Decider):
    """A decider whose samples are paid for by a budget that it shares with other sources.

    Args:
        budget: of all sources.
        settings: see ``Decider``.
    """

    def __init__(self, *, budget: EmbeddingBudget, **settings: Any) -> None:
        super().__init__(**settings)
        self._budget = budget

    def observe(self, frame: Frame, tracks: Tracks) -> NDArray[np.bool_]:
        """Choose those to sample, as ``Decider`` does, as far as the budget allows: the others wait."""
        at, numbers = frame.captured_at, tracks.ids.tolist()
        largest = {number: self._tracks[number].largest_px for number in numbers if number in self._tracks}
        wanted = super().observe(frame, tracks)
        if not wanted.any():
            return wanted
        gains = np.zeros(len(tracks))
        gains[wanted] = [self._gain(self._tracks[number], at) for number in tracks.ids[wanted].tolist()]
        eyes_px = np.linalg.norm(tracks.landmarks[:, 0] - tracks.landmarks[:, 1], axis=1)
        gains *= np.maximum(size_share(eyes_px), LEAST_SHARE)
        paid = self._budget.choose(frame.source, at, gains)
        for number in tracks.ids[wanted & ~paid].tolist():  # it has grown still when it is asked for again
            self._tracks[number].largest_px = largest.get(number, 0.0)
        return paid

    def _gain(self, evidence: Evidence, at: float) -> float:
        """Return what one more sample may change, in (0, 1], or ``URGENT``."""
        if evidence.checks_due or evidence.is_doubted or evidence.is_fallen or evidence.is_reacquired:
            return URGENT
        if evidence.status is Status.UNDECIDED:
            gain = 1.0 / (1.0 + evidence.sample_count / 2)
        else:
            distance = abs(evidence.similarity - self._thresholds.known)
            gain = 0.1 + 0.3 * max(0.0, 1.0 - distance / NEAR)
        waited = (at - evidence.sampled_at) / self._recheck_s if self._recheck_s else 1.0
        return gain + (1.0 - gain) * min(1.0, waited / LONG)
