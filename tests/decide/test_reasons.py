from __future__ import annotations

import numpy as np
import pytest

from recognizer.decide.evidence import Evidence, Thresholds
from recognizer.types import FaceQuality, Status

THRESHOLDS = Thresholds(known=0.4, release=0.3, margin=0.1, sure=0.6)


def evidence(*, similarity: float, weight: float, status: Status) -> Evidence:
    made = Evidence(0.0, 0.0, np.zeros(4, np.float32), sample_count=1, usable_count=1, weight=weight)
    made.best, made.nearest, made.similarity, made.margin = FaceQuality.of(40, 90, 0, 0, 0.99), "Ada", similarity, 0.3
    made.status = status
    return made


@pytest.mark.parametrize(
    ("similarity", "weight", "status", "wanted"),
    [
        (0.7, 0.3, Status.KNOWN, ["evidence 0.30 of 0.50 (1 sample)", "a similarity of 0.60 needs no more evidence"]),
        (0.5, 0.3, Status.UNDECIDED, ["evidence 0.30 of 0.50 (1 sample)"]),
        (0.7, 0.9, Status.KNOWN, []),
    ],
)
def test_a_name_by_one_sure_sample_says_why(
    similarity: float, weight: float, status: Status, wanted: list[str]
) -> None:
    one = evidence(similarity=similarity, weight=weight, status=status)
    _, *rest = one.reasons(THRESHOLDS, rivals=(), min_samples=2)
    assert rest == wanted
