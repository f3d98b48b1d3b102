"""Impostor tables that ship with a model: FPIR by threshold and gallery size, FNIR by threshold and photos.

FPIR at a threshold is the probability that a stranger is at least that similar to *any* enrolled person. It grows with
the gallery, at most in proportion, so it is measured for several sizes (`recognizer.calibration.strangers`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import ConfigError
from recognizer.types import F32

F64 = NDArray[np.float64]
MIN_RATE = 1e-9
"""Replaces a rate of 0 where a logarithm is taken."""


@dataclass(frozen=True, slots=True)
class Rate:
    """An expected rate, and the range of 95 % of galleries or samples."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Rates at a grid of cosines, for several sizes (of a gallery, or photos of a person)."""

    sizes: F64
    """(G,) rising."""
    similarities: F32
    """(T,) rising cosines."""
    mean: F64
    """(G, T)."""
    low: F64
    high: F64

    def __post_init__(self) -> None:
        shape = (len(self.sizes), len(self.similarities))
        if any(part.shape != shape for part in (self.mean, self.low, self.high)) or 0 in shape:
            raise ConfigError(f"Calibration curves: wanted {shape[0]} rows of {shape[1]} numbers each.")
        if not ((np.diff(self.sizes) > 0).all() and (np.diff(self.similarities) > 0).all()):
            raise ConfigError("Calibration curves: sizes and similarities must rise.")
        rates = (self.mean, self.low, self.high)
        if not (self.sizes >= 1).all() or not (np.abs(self.similarities) <= 1).all():
            raise ConfigError("Calibration curves: wanted sizes from 1 up, and similarities in [-1, 1].")
        if not all(((part >= 0) & (part <= 1)).all() for part in rates):
            raise ConfigError("Calibration curves: wanted rates in [0, 1].")

    def over(self, size: float) -> tuple[F64, F64, F64]:
        """Interpolate (T,) mean, low and high for a size, linearly in logarithms.

        Beyond the largest measured size the rate grows in proportion, an upper bound (Boole's inequality).
        """
        return tuple(self._over(size, part) for part in (self.mean, self.low, self.high))  # type: ignore[return-value]

    def _over(self, size: float, part: F64) -> F64:
        if size >= self.sizes[-1]:
            return np.asarray(np.minimum(part[-1] * size / self.sizes[-1], 1))
        size = max(size, float(self.sizes[0]))
        after = int(np.searchsorted(self.sizes, size, side="right"))
        share = np.log(size / self.sizes[after - 1]) / np.log(self.sizes[after] / self.sizes[after - 1])
        logs = np.log(np.maximum(part[after - 1 : after + 1], MIN_RATE))
        found = np.exp(logs[0] + share * (logs[1] - logs[0]))
        return np.asarray(np.where(found <= MIN_RATE * 1.001, 0.0, found))

    def at(self, similarity: float, size: float) -> Rate:
        """Return the rate at a threshold, for a size."""
        values = [float(np.interp(similarity, self.similarities, part)) for part in self.over(size)]
        return Rate(*values)

    def threshold(self, rate: float, size: float) -> float:
        """Return the lowest cosine whose mean rate is at most ``rate``."""
        mean = self.over(size)[0]
        below = np.nonzero(mean <= rate)[0]
        if len(below) == 0:
            return float(self.similarities[-1])
        after = int(below[0])
        if after == 0 or mean[after] <= 0:
            return float(self.similarities[after])
        first, second = np.log(mean[after - 1]), np.log(mean[after])
        share = (first - np.log(rate)) / (first - second)
        left, right = float(self.similarities[after - 1]), float(self.similarities[after])
        return left + float(share) * (right - left)

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values, rates to 3 digits."""
        parts = {name: getattr(self, name) for name in ("mean", "low", "high")}
        rows = {name: [[float(f"{value:.3g}") for value in row] for row in part] for name, part in parts.items()}
        return {"sizes": self.sizes.tolist(), "similarities": np.round(self.similarities, 4).tolist(), **rows}


def curves_from(values: Mapping[str, Any]) -> Curves:
    """Read curves that ``as_dict`` wrote.

    Raises:
        ConfigError: if something is missing or of another shape.
    """
    try:
        parts = [np.array(values[name], np.float64) for name in ("sizes", "similarities", "mean", "low", "high")]
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise ConfigError(f"Calibration curves: wanted sizes, similarities, mean, low and high ({error}).") from error
    return Curves(parts[0], np.round(parts[1], 4).astype(np.float32), *parts[2:])


@dataclass(frozen=True, slots=True, eq=False)
class Impostors:
    """Tables measured on the strangers of a data set."""

    data: str
    """Description of the data."""
    people: int
    """Independent strangers: the lowest supported rate is about 3 / people."""
    fpir: Curves
    """By gallery size, enrolled vectors."""
    fnir: Curves
    """By photos enrolled of a person."""

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {
            "data": self.data,
            "people": self.people,
            "fpir": self.fpir.as_dict(),
            "fnir": self.fnir.as_dict(),
        }


def impostors_from(values: Mapping[str, Any]) -> Impostors:
    """Read what ``as_dict`` wrote.

    Raises:
        ConfigError: if something is missing.
    """
    try:
        data, people = str(values["data"]), int(values["people"])
        return Impostors(data, people, curves_from(values["fpir"]), curves_from(values["fnir"]))
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise ConfigError(f"A calibration file's impostors: wanted data, people, fpir and fnir ({error}).") from error
