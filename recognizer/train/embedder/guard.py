"""Was anything forgotten? Faces from elsewhere, which a fine-tuned model must still tell apart.

A network that learns new data alone forgets old data (McCloskey and Cohen, "Catastrophic interference in connectionist
networks", 1989): it may gain on one's own people and lose on all others. So pairs from elsewhere are verified before
and after, each model at the thresholds that are best for it on the other folds.

The rule is paired. Only pairs on which the two models differ say something: if nothing changed, such a pair is as often
lost (right before, wrong after) as won (McNemar, "Note on the sampling error of the difference between correlated
proportions or percentages", Psychometrika 1947). The exact 95 % interval of the share of lost ones among those that
differ becomes the interval of the change in accuracy; something was forgotten if all of it lies below zero. Pairs are
taken as independent.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from recognizer import metrics
from recognizer.calibration.intervals import binomial_interval
from recognizer.errors import InputError
from recognizer.evaluation.pairs import read_protocol
from recognizer.train.crops import Crops, CutFace, FaceRows, picture_crops
from recognizer.train.embedder import heldout
from recognizer.train.embedder.comparison import vectors_of
from recognizer.train.embedder.people import People
from recognizer.types import F32


@dataclass(frozen=True, slots=True)
class Change:
    """Two models on the same pairs from elsewhere."""

    name: str
    """Of the set."""
    pairs: int
    right_before: int
    lost: int
    """Pairs that were right before and are wrong now."""
    won: int
    """The other way round."""

    @property
    def before(self) -> float:
        """Accuracy, the threshold chosen on the other folds."""
        return self.right_before / self.pairs

    @property
    def after(self) -> float:
        """Likewise."""
        return (self.right_before + self.won - self.lost) / self.pairs

    @property
    def interval(self) -> tuple[float, float]:
        """Of the change in accuracy, 95 %; see the module's docstring."""
        low, high = binomial_interval(self.lost, self.lost + self.won)
        differing = (self.lost + self.won) / self.pairs
        return differing * (1 - 2 * high), differing * (1 - 2 * low)

    @property
    def forgot(self) -> bool:
        """Whether the fall is more than chance."""
        return self.interval[1] < 0

    def summary(self) -> str:
        """In one sentence."""
        low, high = self.interval
        return (
            f"accuracy on {self.pairs:,} pairs of {self.name}: {self.before:.2%} before, {self.after:.2%} after; "
            f"{self.lost:,} pairs lost, {self.won:,} won; change {100 * (self.after - self.before):+.2f} points "
            f"(95 %: {100 * low:+.2f} to {100 * high:+.2f})"
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "forgot": self.forgot,
            "set": self.name,
            "pairs": self.pairs,
            "lost": self.lost,
            "won": self.won,
            "accuracy_before": self.before,
            "accuracy_after": self.after,
            "change_interval_95": self.interval,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Guard:
    """Pairs from elsewhere."""

    name: str
    faces: FaceRows
    pairs: heldout.Split
    """Of ``faces``."""

    def compare(self, before: nn.Module, after: nn.Module) -> Change:
        """What became of the pairs; both networks take faces of 112 px."""
        return self.change(vectors_of(before, self.faces), vectors_of(after, self.faces))

    def change(self, before: F32, after: F32) -> Change:
        """As ``compare``, from vectors (N, 512) of any length."""
        old, new = (
            metrics.folded_right(heldout.similarities(vectors, self.pairs), self.pairs.test_same, self.pairs.test_folds)
            for vectors in (before, after)
        )
        return Change(self.name, len(old), int(old.sum()), int((old & ~new).sum()), int((new & ~old).sum()))


def read(path: Path, *, learning: People, cut: CutFace, min_px: int, cache: Path) -> Guard:
    """Read the pairs, without those in which somebody appears who learns.

    Args:
        path: LFW's folder, or one of InsightFace's ``.bin`` sets.
        learning: the people of the training, known by their names.
        cut: finds the faces in LFW's pictures.
        min_px: smallest face that ``cut`` detects.
        cache: folder for the faces.

    Raises:
        InputError: if there is no such set, or too little of it is left.
    """
    known = read_protocol("lfw" if path.is_dir() else "bin", path)
    learns = np.isin([heldout.owner(picture) for picture in known.pictures], learning.names)
    kept = ~(learns[known.left] | learns[known.right])
    pairs = heldout.chosen(known, kept)
    if len(np.unique(pairs.test_folds)) < 2 or not 0 < pairs.test_same.sum() < len(pairs.test_same):
        raise InputError(
            f"finetune.guard: without the people who learn, {kept.sum()} of {len(kept)} pairs of {path} are left; "
            "wanted pairs of one person and of two, in at least two folds. Name another set."
        )
    file, found = picture_crops(
        pairs.test, None if known.aligned else cut, min_px=min_px, folder=cache, name=f"guard-{known.name}"
    )
    return Guard(known.name, Crops([(file, np.arange(len(found)))]), pairs)
