"""Compare models on the same held-out people, with intervals of confidence over people.

All faces of the held-out people are compared with each other. The intervals are Efron's bootstrap over people, not over
comparisons: those of one person depend on each other, and a model will meet other people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from recognizer.calibration.intervals import binomial_interval
from recognizer.embed.embedder import normalised
from recognizer.errors import InputError
from recognizer.train.crops import FaceRows, in_chunks
from recognizer.train.embedder import heldout
from recognizer.train.embedder.verification import embed
from recognizer.types import F32, I64

ROUNDS = 1000

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HeldOutScore:
    """How well one model separates the held-out people."""

    accuracy: float
    """Over the held-out pairs, the threshold chosen on the other folds."""
    accuracy_interval: tuple[float, float]
    """95 %, as if the pairs were independent."""
    tar: float
    """Over all comparisons, at ``HeldOutTest.fmr``."""
    tar_interval: tuple[float, float]
    """95 %, over people."""


@dataclass(frozen=True, slots=True)
class Improvement:
    """Two models on the same people."""

    before: HeldOutScore
    after: HeldOutScore
    fmr: float
    gain: float
    """In TAR."""
    gain_interval: tuple[float, float]
    """95 %, over people, both models meeting the same ones."""

    @property
    def helped(self) -> bool:
        """Whether the gain is more than luck with these people."""
        return self.gain_interval[0] > 0

    def summary(self) -> str:
        """In one sentence."""
        low, high = self.gain_interval
        return (
            f"TAR at FMR {self.fmr:g} on held-out people: {self.before.tar:.2%} before, {self.after.tar:.2%} after; "
            f"gain {100 * self.gain:+.2f} points (95 %: {100 * low:+.2f} to {100 * high:+.2f}); "
            f"accuracy {self.before.accuracy:.2%} before, {self.after.accuracy:.2%} after"
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "helped": self.helped,
            "fmr": self.fmr,
            "gain": self.gain,
            "gain_interval_95": self.gain_interval,
            "before": as_dict(self.before),
            "after": as_dict(self.after),
        }


def as_dict(score: HeldOutScore) -> dict[str, Any]:
    """For JSON."""
    return {
        "accuracy": score.accuracy,
        "accuracy_interval_95": score.accuracy_interval,
        "tar": score.tar,
        "tar_interval_95": score.tar_interval,
    }


class HeldOutTest:
    """Compares models on the held-out people.

    Args:
        pairs: the held-out faces by name, and the pairs for the accuracy.
        seed: of the people drawn.

    Raises:
        InputError: if no person has two faces, or there are no two people.
    """

    def __init__(self, pairs: heldout.Split, *, seed: int = 0) -> None:
        self._pairs = pairs
        names = np.array(pairs.owners)
        found, self._owners = np.unique(names, return_inverse=True)
        people = len(found)
        self._a, self._b = np.triu_indices(len(names), 1)
        same = self._owners[self._a] == self._owners[self._b]
        if not same.any() or people < 2:
            raise InputError("The held-out people show nothing: wanted several people, some with two pictures.")
        self._genuine, self._impostor = np.flatnonzero(same), np.flatnonzero(~same)
        self.fmr = next((rate for rate in (1e-3, 1e-2) if len(self._impostor) * rate >= 10), 1e-1)
        """Rate at which models are compared: at least ten impostor comparisons may pass, or it would be luck."""
        drawn = np.random.default_rng(seed).multinomial(people, np.full(people, 1 / people), size=ROUNDS)
        self._draws = np.concatenate([np.ones((1, people)), drawn]).astype(np.float64)
        self._faces_each = np.bincount(self._owners).astype(np.float64)

    def score(self, vectors: F32) -> HeldOutScore:
        """Score one model by its vectors (N, 512) of any length, a row for each held-out face."""
        return self._score(vectors, self._tars(vectors))

    def compare(self, before: F32, after: F32) -> Improvement:
        """Compare two models by their vectors, (N, 512) each, a row for each held-out face."""
        old, new = self._tars(before), self._tars(after)
        gains = new - old
        return Improvement(
            before=self._score(before, old),
            after=self._score(after, new),
            fmr=self.fmr,
            gain=float(gains[0]),
            gain_interval=_middle(gains[1:]),
        )

    def _score(self, vectors: F32, tars: F64) -> HeldOutScore:
        score = heldout.verify(vectors, self._pairs)
        count = len(self._pairs.test_pairs)
        return HeldOutScore(
            score.accuracy, binomial_interval(round(score.accuracy * count), count), float(tars[0]), _middle(tars[1:])
        )

    def _tars(self, vectors: F32) -> F64:
        """TAR of the people as they are, then of each draw: (1 + ROUNDS,)."""
        directions = heldout.unit(vectors)
        similarities = (directions @ directions.T)[self._a, self._b]
        highest = self._impostor[np.argsort(-similarities[self._impostor], kind="stable")]
        highest = highest[: int(np.ceil(30 * self.fmr * len(highest)))]  # a threshold does not lie lower, whoever comes
        one, two = self._owners[self._a[highest]], self._owners[self._b[highest]]
        owners = self._owners[self._a[self._genuine]]
        genuine = similarities[self._genuine]
        return np.array(
            [self._tar(draw, genuine, owners, similarities[highest], one, two) for draw in self._draws], np.float64
        )

    def _tar(self, draw: F64, genuine: F32, owners: I64, impostors: F32, one: I64, two: I64) -> float:
        """TAR when each person counts as often as drawn; ``impostors`` are the most alike, in falling order."""
        faces = draw * self._faces_each
        total = (faces.sum() ** 2 - (faces**2).sum()) / 2
        passing = np.cumsum(draw[one] * draw[two]) <= self.fmr * total
        allowed = int(passing.sum()) if not passing.all() else len(impostors) - 1
        weights = draw[owners]
        accepted = weights[genuine > impostors[allowed]].sum()
        return float(accepted / max(weights.sum(), 1e-12))


def vectors_of(network: nn.Module, faces: FaceRows) -> F32:
    """A network's vectors of all faces, at 112 px: (N, 512), not of unit length."""
    chunks = (torch.from_numpy(normalised(chunk)) for chunk in in_chunks(faces))
    return np.asarray(embed(network.eval(), chunks).numpy(), np.float32)


def _middle(values: F64) -> tuple[float, float]:
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
