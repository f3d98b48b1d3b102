"""How alike strangers are, as numbers that ship with a model: FPIR by threshold and gallery size, FNIR by photos.

FPIR at a threshold is the chance that a stranger is as similar as that to *somebody* of the gallery; it grows with the
gallery, at most in proportion, so it was measured for several sizes (`recognizer.calibration.strangers`).
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
LEAST = 1e-9
"""Stands for a rate of zero, where a logarithm is taken."""


@dataclass(frozen=True, slots=True)
class Rate:
    """An expected rate and the range in which 95 % of galleries, or samples, lie."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Rates over a grid of similarities, for several sizes (of galleries, or photos a person)."""

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
        if (np.diff(self.sizes) <= 0).any() or (np.diff(self.similarities) <= 0).any():
            raise ConfigError("Calibration curves: sizes and similarities must rise.")

    def over(self, size: float) -> tuple[F64, F64, F64]:
        """Mean, low and high (T,) for a size; between measured ones by a straight line of logarithms.

        Beyond the largest the rate grows in proportion, which is more than it really does (Boole's inequality).
        """
        return tuple(self._over(size, part) for part in (self.mean, self.low, self.high))  # type: ignore[return-value]

    def _over(self, size: float, part: F64) -> F64:
        if size >= self.sizes[-1]:
            return np.asarray(np.minimum(part[-1] * size / self.sizes[-1], 1))
        size = max(size, float(self.sizes[0]))
        after = int(np.searchsorted(self.sizes, size, side="right"))
        share = np.log(size / self.sizes[after - 1]) / np.log(self.sizes[after] / self.sizes[after - 1])
        logs = np.log(np.maximum(part[after - 1 : after + 1], LEAST))
        found = np.exp(logs[0] + share * (logs[1] - logs[0]))
        return np.asarray(np.where(found <= LEAST * 1.001, 0.0, found))

    def at(self, similarity: float, size: float) -> Rate:
        """The rate at a threshold, for a size."""
        values = [float(np.interp(similarity, self.similarities, part)) for part in self.over(size)]
        return Rate(*values)

    def threshold(self, rate: float, size: float) -> float:
        """The lowest similarity whose mean rate, which falls, is no more than ``rate``."""
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
        """For JSON, to three digits."""
        parts = {name: getattr(self, name) for name in ("mean", "low", "high")}
        rows = {name: [[float(f"{value:.3g}") for value in row] for row in part] for name, part in parts.items()}
        return {"sizes": self.sizes.tolist(), "similarities": np.round(self.similarities, 4).tolist(), **rows}


def curves_from(values: Mapping[str, Any]) -> Curves:
    """Curves that ``as_dict`` wrote.

    Raises:
        ConfigError: if something is missing or of another shape.
    """
    try:
        parts = [np.array(values[name], np.float64) for name in ("sizes", "similarities", "mean", "low", "high")]
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"Calibration curves: wanted sizes, similarities, mean, low and high ({error}).") from error
    return Curves(parts[0], np.round(parts[1], 4).astype(np.float32), *parts[2:])


@dataclass(frozen=True, slots=True, eq=False)
class Impostors:
    """What was measured on the strangers of a data set."""

    data: str
    """In words."""
    people: int
    """Independent strangers: how sure all this is."""
    fpir: Curves
    """By gallery size: enrolled vectors."""
    fnir: Curves
    """By photos enrolled of a person."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "data": self.data,
            "people": self.people,
            "fpir": self.fpir.as_dict(),
            "fnir": self.fnir.as_dict(),
        }


def impostors_from(values: Mapping[str, Any]) -> Impostors:
    """What ``as_dict`` wrote.

    Raises:
        ConfigError: if something is missing.
    """
    try:
        data, people = str(values["data"]), int(values["people"])
        return Impostors(data, people, curves_from(values["fpir"]), curves_from(values["fnir"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"A calibration file's impostors: wanted data, people, fpir and fnir ({error}).") from error
