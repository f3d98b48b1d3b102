"""How sure a counted rate is."""

from __future__ import annotations


def of_share(hits: int, trials: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Exact interval of a share (Clopper and Pearson 1934); without a hit its upper end is about 3 / trials."""
    from scipy import special  # a quarter of a second that a start need not wait for

    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else float(special.betaincinv(hits, trials - hits + 1, tail))
    high = 1.0 if hits >= trials else float(special.betaincinv(hits + 1, trials - hits, 1 - tail))
    return low, high


def of_count(count: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Exact interval of the expected number behind a count of rare events (Garwood 1936)."""
    from scipy import special  # a quarter of a second that a start need not wait for

    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else float(special.gammaincinv(count, tail))
    return low, float(special.gammaincinv(count + 1, 1 - tail))


def upper_of_none(trials: int, *, confidence: float = 0.95) -> float:
    """The rate that leaves ``trials`` without a hit with probability 1 - confidence: the rule of three."""
    return 1.0 if trials <= 0 else float(1 - (1 - confidence) ** (1 / trials))
