"""Measure verification, whether two pictures show one person, with the figures that papers report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer import metrics
from recognizer.evaluation.faces import EmbeddedPictures
from recognizer.evaluation.pairs import PairSet
from recognizer.quality import QualityLimits, are_usable
from recognizer.types import F32

RATES = (1e-1, 1e-2, 1e-3, 1e-4)
"""FMR at which TAR is reported."""


@dataclass(frozen=True, slots=True)
class AtRate:
    """TAR at one FMR."""

    fmr: float
    tar: float
    low: float
    """95 % bootstrap interval."""
    high: float
    threshold: float
    resolved: bool
    """False with fewer impostor pairs than 1 / FMR: the threshold then depends on the most similar pair alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Verification:
    """The outcome of a protocol."""

    protocol: str
    model: str
    flip: bool
    pictures: int
    without_face: int
    """Pictures where no face was found; the fallback crop was embedded."""
    fallback: str
    accuracy: metrics.FoldedAccuracy
    rates: tuple[AtRate, ...]
    auc: float
    eer: float
    similarities: F32
    """(P,) cosine of each pair."""
    same: NDArray[np.bool_]
    cannot_tell: NDArray[np.bool_]
    """(P,) pairs with a face below the limits of quality, which ``verify`` does not answer; counted all the same."""

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values; rates and accuracies are shares."""
        return {
            "protocol": self.protocol,
            "model": self.model,
            "flip": self.flip,
            "pairs": len(self.same),
            "genuine": int(self.same.sum()),
            "pictures": self.pictures,
            "without_face": self.without_face,
            "cannot_tell": int(self.cannot_tell.sum()),
            "cannot_tell_impostors": int((self.cannot_tell & ~self.same).sum()),
            "fallback": self.fallback,
            "accuracy": round(self.accuracy.mean, 6),
            "accuracy_deviation": round(self.accuracy.deviation, 6),
            "threshold": round(self.accuracy.threshold, 4),
            "auc": round(self.auc, 6),
            "eer": round(self.eer, 6),
            "tar": [
                {
                    "fmr": rate.fmr,
                    "tar": round(rate.tar, 5),
                    "interval_95": [round(rate.low, 5), round(rate.high, 5)],
                    "threshold": round(rate.threshold, 4),
                    "resolved": rate.resolved,
                }
                for rate in self.rates
            ],
        }


def verify(
    protocol: PairSet, faces: EmbeddedPictures, *, model: str, flip: bool, limits: QualityLimits | None = None
) -> Verification:
    """Compute the figures of a protocol from the vectors of its pictures; ``limits`` are the default ones if ``None``.

    Every pair counts, as the protocols want it; pairs below the limits are counted beside.
    """
    usable = faces.found & are_usable(faces.quality, limits or QualityLimits())
    vectors = faces.vectors(flip=flip)
    similarities = np.einsum("ij,ij->i", vectors[protocol.left], vectors[protocol.right]).astype(np.float32)
    genuine, impostors = similarities[protocol.same], similarities[~protocol.same]
    rates = []
    for fmr in RATES:
        low, high = metrics.tar_interval(genuine, impostors, fmr)
        threshold = metrics.threshold_at_fmr(impostors, fmr)
        resolved = len(impostors) * fmr >= 1
        rates.append(AtRate(fmr, metrics.tar_at_fmr(genuine, impostors, fmr), low, high, threshold, resolved))
    missed = int((~faces.found).sum())
    fallback = f"the middle of the picture, {protocol.face_share:.2f} of its shorter side"
    return Verification(
        protocol=protocol.name,
        model=model,
        flip=flip,
        pictures=len(protocol.pictures),
        without_face=missed,
        fallback="none: the pictures are crops" if protocol.aligned else fallback,
        accuracy=metrics.folded_accuracy(similarities, protocol.same, protocol.folds),
        rates=tuple(rates),
        auc=metrics.area_under_roc(genuine, impostors),
        eer=metrics.equal_error_rate(genuine, impostors),
        similarities=similarities,
        same=protocol.same,
        cannot_tell=~(usable[protocol.left] & usable[protocol.right]),
    )
