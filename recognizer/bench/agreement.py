"""Count how many boxes two detectors agree on: speeds compare only where the results do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recognizer.bench.timing import rounded
from recognizer.geometry import assignment, iou
from recognizer.types import F32


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many boxes of a reference another detector found, and how many extra ones."""

    reference: int
    found: int
    extra: int

    @property
    def recall(self) -> float:
        """Share of the reference's boxes that were found; 1 where there are none."""
        return self.found / self.reference if self.reference else 1.0

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {
            "reference": self.reference,
            "found": self.found,
            "extra": self.extra,
            "recall": rounded(self.recall),
        }


def agreement(reference: Sequence[F32], other: Sequence[F32], *, overlap: float) -> Agreement:
    """Pair the boxes of each picture one to one, with the largest total overlap.

    Args:
        reference: (N, 4) boxes of each picture.
        other: (M, 4) boxes of the same pictures.
        overlap: intersection over union from which two boxes are one face.
    """
    total = found = extra = 0
    for wanted, got in zip(reference, other, strict=True):
        shared = iou(wanted, got)
        hits = int((shared[tuple(assignment(shared).T)] >= overlap).sum())
        total, found, extra = total + len(wanted), found + hits, extra + len(got) - hits
    return Agreement(total, found, extra)
