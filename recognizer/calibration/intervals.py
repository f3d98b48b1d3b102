"""Confidence intervals of counted rates."""

from __future__ import annotations


def binomial_interval(hits: int, trials: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson 1934); without a hit it ends at about 3 / trials."""
    from scipy import special  # 0.25 s of import, not needed at start

    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else float(special.betaincinv(hits, trials - hits + 1, tail))
    high = 1.0 if hits >= trials else float(special.betaincinv(hits + 1, trials - hits, 1 - tail))
    return low, high


def poisson_interval(count: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of the mean behind a count of rare events (Garwood 1936)."""
    from scipy import special  # 0.25 s of import, not needed at start

    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else float(special.gammaincinv(count, tail))
    return low, float(special.gammaincinv(count + 1, 1 - tail))


def rule_of_three(trials: int, *, confidence: float = 0.95) -> float:
    """Return the rate at which ``trials`` have no hit with probability 1 - confidence, about 3 / trials."""
    return 1.0 if trials <= 0 else float(1 - (1 - confidence) ** (1 / trials))
