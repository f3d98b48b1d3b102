"""From what a site can bear to thresholds, and from thresholds to what they promise and cost.

Similarities are not normalised against a cohort of strangers (adaptive s-norm, Matejka et al. 2017): it was tried and
does not help this kind of vector. LFW split by people, edgeface_xs_q, 500 enrolled, cohort of 500, TPIR at FPIR 1 % and
0.3 %: plain 97.7 and 96.7 %; s-norm with the 20 nearest of the cohort 95.9 and 92.4 %, with 100 97.5 and 96.2 %.
What a site's own strangers change is a shift of the thresholds instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recognizer.calibration import intervals
from recognizer.calibration.calibration_file import Budget
from recognizer.calibration.impostors import LEAST, Curves, Impostors, Rate
from recognizer.errors import UsageError
from recognizer.types import F32

DAYS = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.4, "year": 365.25}
LEAST_NEGATIVES = 20
"""Fewer strangers of a site than these say nothing about its tail."""


def parse(text: str, *, strangers_per_day: float | None) -> Budget:
    """Understand ``1 wrong name per camera-month``, given how many strangers pass a camera in a day.

    Raises:
        UsageError: if the words are others, or the traffic is not known.
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


def promised(curves: Curves, *, threshold: float, gallery: int, strangers: int, seed: int = 0) -> Rate:
    """The share of ``strangers`` that will get a name at a threshold, and the range of it with 95 % confidence.

    The range has three parts: that the measured people are a sample, that the gallery is one of many, and that the
    strangers are so many and no more.
    """
    rate = curves.at(threshold, gallery)
    mean = max(rate.mean, LEAST)
    sides = [np.log(max(rate.high, mean) / mean), np.log(mean / rate.low) if rate.low > LEAST else np.log(10.0)]
    random = np.random.default_rng(seed)
    normal = random.standard_normal(20_000)
    scaled = (np.maximum(normal, 0) * sides[0] + np.minimum(normal, 0) * sides[1]) / 1.96
    hits = np.asarray(random.binomial(strangers, np.minimum(mean * np.exp(scaled), 1.0)))
    low, high = np.percentile(hits / strangers, [2.5, 97.5])
    return Rate(rate.mean, float(low), float(high))


def unsupported(impostors: Impostors, rate: float) -> str | None:
    """Why a rate cannot be promised, or ``None``: with n strangers and no hit, 3 / n cannot be excluded."""
    least = intervals.upper_of_none(impostors.people)
    if rate >= least:
        return None
    return (
        f"{impostors.people:,} independent strangers were measured: below {least:.1e} of strangers nobody can promise "
        f"anything from them (rule of three), and {rate:.1e} is asked for. The threshold is the best estimate."
    )


@dataclass(frozen=True, slots=True)
class SiteShift:
    """How a site's own strangers compare with the measured ones."""

    strangers: int
    level: float
    """FPIR at which they are compared."""
    similarity: float
    """Cosine that this share of the site's strangers reaches."""
    expected: float
    """Cosine that was expected there."""
    low: float
    """95 % bootstrap interval of the difference."""
    high: float

    @property
    def shift(self) -> float:
        """What is added to the thresholds: never less than nothing."""
        return max(0.0, self.similarity - self.expected)


def among_themselves(vectors: F32, names: Sequence[str]) -> F32:
    """(P,) similarity of each enrolled person to the nearest other one: the gallery against itself."""
    owners = np.unique(np.array(names), return_inverse=True)[1]
    cosines = vectors @ vectors.T
    cosines[owners[:, None] == owners[None]] = -1
    best = cosines.max(axis=1)
    return np.array([best[owners == person].max() for person in range(int(owners.max()) + 1)], np.float32)


def site_shift(curves: Curves, best: F32, *, gallery: int, seed: int = 0) -> SiteShift | None:
    """Compare the site's strangers with the measured ones, where there are at least ``LEAST_NEGATIVES``.

    Args:
        curves: FPIR as measured.
        best: (S,) similarity of each stranger to the nearest enrolled person.
        gallery: enrolled vectors.
        seed: of the bootstrap.
    """
    if len(best) < LEAST_NEGATIVES:
        return None
    level = float(np.clip(10 / len(best), 0.01, 0.5))
    expected = curves.threshold(level, gallery)
    random = np.random.default_rng(seed)
    drawn = [np.quantile(random.choice(best, len(best)), 1 - level) - expected for _ in range(1000)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return SiteShift(len(best), level, float(np.quantile(best, 1 - level)), expected, float(low), float(high))
