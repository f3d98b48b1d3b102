"""False-name budgets: the rate a site allows, the rate a threshold gives, and a site's own strangers.

Similarities are not normalised against a cohort of strangers (adaptive s-norm, Matejka et al. 2017): measured, it does
not help these embeddings. LFW split by people, edgeface_xs_q, 500 enrolled, cohort of 500, TPIR at FPIR 1 % and
0.3 %: plain 97.7 and 96.7 %; s-norm with the 20 nearest of the cohort 95.9 and 92.4 %, with 100 97.5 and 96.2 %.
A site's own strangers shift the thresholds instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recognizer.calibration import intervals
from recognizer.calibration.calibration_file import Budget
from recognizer.calibration.impostors import MIN_RATE, Curves, Impostors, Rate
from recognizer.errors import UsageError
from recognizer.types import F32

DAYS = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.4, "year": 365.25}
MIN_NEGATIVES = 20
"""Fewer strangers of a site say nothing about the tail of its distribution."""


def parse_budget(text: str, *, strangers_per_day: float | None) -> Budget:
    """Parse ``1 wrong name per camera-month``.

    Args:
        text: the budget.
        strangers_per_day: how many people who are not enrolled pass a camera in a day.

    Raises:
        UsageError: if the text has another form, or the traffic is not given.
    """
    words = re.fullmatch(
        r"\s*(\d+(?:\.\d+)?)\s+wrong\s+names?\s+(?:per|a|an)\s+(?:camera[- ])?(\w+?)s?\s*", text.lower()
    )
    if words is None or words[2] not in DAYS:
        raise UsageError(
            f"--budget: wanted such as '1 wrong name per camera-month' (hour, day, week, month, year), got '{text}'."
        )
    if strangers_per_day is None:
        raise UsageError(
            "--budget needs the traffic: --strangers-per-day, how many people that are not enrolled pass a camera."
        )
    share = float(words[1]) / (strangers_per_day * DAYS[words[2]])
    if not 0 < share < 1:
        raise UsageError(f"--budget '{text}' with {strangers_per_day:g} strangers a day allows everybody a wrong name.")
    return Budget(text=text, fpir=share, strangers_per_day=strangers_per_day)


def predicted_fpir(curves: Curves, *, threshold: float, gallery: int, strangers: int, seed: int = 0) -> Rate:
    """Predict the share of strangers that get a name at a threshold, with its 95 % interval.

    The interval covers three variations: the measured people are a sample, the gallery is one of many, and only so many
    strangers are counted.

    Args:
        curves: FPIR as measured.
        threshold: cosine from which a stranger gets a name.
        gallery: enrolled vectors.
        strangers: how many are counted.
        seed: of the simulation.
    """
    rate = curves.at(threshold, gallery)
    mean = max(rate.mean, MIN_RATE)
    sides = [np.log(max(rate.high, mean) / mean), np.log(mean / rate.low) if rate.low > MIN_RATE else np.log(10.0)]
    random = np.random.default_rng(seed)
    normal = random.standard_normal(20_000)
    scaled = (np.maximum(normal, 0) * sides[0] + np.minimum(normal, 0) * sides[1]) / 1.96
    hits = np.asarray(random.binomial(strangers, np.minimum(mean * np.exp(scaled), 1.0)))
    low, high = np.percentile(hits / strangers, [2.5, 97.5])
    return Rate(rate.mean, float(low), float(high))


def unsupported_rate(impostors: Impostors, rate: float) -> str | None:
    """Say why the data cannot support a rate, or return ``None``: n strangers without a hit exclude only 3 / n."""
    least = intervals.rule_of_three(impostors.people)
    if rate >= least:
        return None
    return (
        f"{impostors.people:,} independent strangers were measured: they support no rate below {least:.1e} (rule of "
        f"three), and the budget allows {rate:.1e}. The threshold is the best estimate."
    )


@dataclass(frozen=True, slots=True)
class SiteShift:
    """How similar a site's own strangers are, compared with the measured ones."""

    strangers: int
    level: float
    """FPIR at which they are compared."""
    similarity: float
    """Cosine that this share of the site's strangers reaches."""
    expected: float
    """Cosine that this share of the measured strangers reaches."""
    low: float
    """95 % bootstrap interval of the difference."""
    high: float

    @property
    def shift(self) -> float:
        """Cosine to add to the thresholds, at least 0."""
        return max(0.0, self.similarity - self.expected)


def nearest_other_people(vectors: F32, names: Sequence[str]) -> F32:
    """Compute the (P,) cosine of each enrolled person to the nearest other enrolled person."""
    owners = np.unique(np.array(names), return_inverse=True)[1]
    cosines = vectors @ vectors.T
    cosines[owners[:, None] == owners[None]] = -1
    best = cosines.max(axis=1)
    return np.array([best[owners == person].max() for person in range(int(owners.max()) + 1)], np.float32)


def site_shift(curves: Curves, best: F32, *, gallery: int, seed: int = 0) -> SiteShift | None:
    """Compare a site's strangers with the measured ones; ``None`` with fewer than ``MIN_NEGATIVES``.

    Args:
        curves: FPIR as measured.
        best: (S,) cosine of each stranger to the nearest enrolled person.
        gallery: enrolled vectors.
        seed: of the bootstrap.
    """
    if len(best) < MIN_NEGATIVES:
        return None
    level = float(np.clip(10 / len(best), 0.01, 0.5))
    expected = curves.threshold(level, gallery)
    random = np.random.default_rng(seed)
    drawn = [np.quantile(random.choice(best, len(best)), 1 - level) - expected for _ in range(1000)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return SiteShift(len(best), level, float(np.quantile(best, 1 - level)), expected, float(low), float(high))
