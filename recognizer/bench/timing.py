"""Time functions interleaved: CPU time of all threads, wall time, and ratios with their spread."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU and wall time of some work."""

    cpu_s: float
    """Of all threads of this process, user and system."""
    wall_s: float

    def __truediv__(self, units: float) -> Spent:
        return Spent(self.cpu_s / units, self.wall_s / units)


class Meter:
    """Measure a ``with`` block: ``with Meter() as meter: ...``, then ``meter.spent``."""

    spent: Spent

    def __enter__(self) -> Meter:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.spent = Spent(time.process_time() - self._cpu, time.perf_counter() - self._wall)


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, quartiles and 95th percentile of some values."""

    median: float
    low: float
    """Lower quartile."""
    high: float
    """Upper quartile."""
    p95: float

    @classmethod
    def of(cls, values: ArrayLike) -> Spread:
        """Compute the spread of one or more values."""
        low, median, high, p95 = np.percentile(np.asarray(values, np.float64), (25, 50, 75, 95)).tolist()
        return cls(median, low, high, p95)

    def as_dict(self) -> dict[str, float]:
        """Convert to JSON values, 4 digits."""
        return {name: rounded(getattr(self, name)) for name in ("median", "low", "high", "p95")}


@dataclass(frozen=True, slots=True)
class Ratio:
    """Cost of one function divided by another's, round by round."""

    cpu: Spread
    wall: Spread

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {"cpu": self.cpu.as_dict(), "wall": self.wall.as_dict()}


def interleaved(
    works: Mapping[str, Callable[[int], object]], *, rounds: int, warm_up: int = 1
) -> dict[str, list[Spent]]:
    """Call functions in turns; each round begins with another one, so that other load affects all alike.

    Args:
        works: name -> a function of the round's number.
        rounds: how often each is measured.
        warm_up: rounds before that are not measured.
    """
    spent: dict[str, list[Spent]] = {name: [] for name in works}
    names = list(works)
    for number in range(-warm_up, rounds):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            with Meter() as meter:
                works[name](max(number, 0))
            if number >= 0:
                spent[name].append(meter.spent)
    return spent


def ratio(dear: Sequence[Spent], cheap: Sequence[Spent]) -> Ratio:
    """Divide the costs of two interleaved functions, round by round."""
    pairs = list(zip(dear, cheap, strict=True))
    return Ratio(
        cpu=Spread.of([a.cpu_s / max(b.cpu_s, 1e-9) for a, b in pairs]),
        wall=Spread.of([a.wall_s / max(b.wall_s, 1e-9) for a, b in pairs]),
    )


def cpu_ms(spent: Sequence[Spent]) -> Spread:
    """Return the spread of CPU times, ms."""
    return Spread.of([1000 * each.cpu_s for each in spent])


def wall_ms(spent: Sequence[Spent]) -> Spread:
    """Return the spread of wall times, ms."""
    return Spread.of([1000 * each.wall_s for each in spent])


def rounded(value: float) -> float:
    """Round to 4 significant digits; more are noise."""
    return float(f"{value:.4g}")


def milliseconds(spent: Sequence[Spent]) -> dict[str, float]:
    """Return the median and 95th percentile of wall times, and the median of CPU times, ms."""
    wall = wall_ms(spent)
    return {"median": rounded(wall.median), "p95": rounded(wall.p95), "cpu": rounded(cpu_ms(spent).median)}
