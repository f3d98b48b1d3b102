"""The limits of quality: the same answer from the list of what is missed, from the mask and in words."""

from __future__ import annotations

import numpy as np
import pytest

from recognizer.gallery.limits import Limits
from recognizer.quality import QualityLimits, are_usable, cannot_tell, shortfalls
from recognizer.types import FaceQuality

LIMITS = QualityLimits()
GOOD: dict[str, float] = {"eyes_px": 60, "sharpness": 150, "yaw_deg": 5, "roll_deg": 0, "score": 0.999}


@pytest.mark.parametrize(
    ("missing", "part", "usable"),
    [
        ({}, None, True),
        ({"eyes_px": 19}, "too_small", True),
        ({"eyes_px": 9}, "too_small", False),
        ({"sharpness": 34}, "blurred", True),
        ({"sharpness": 19}, "blurred", False),
        ({"yaw_deg": -61}, "extreme_pose", True),
        ({"yaw_deg": 81}, "extreme_pose", False),
        ({"score": 0.94}, "unsure_face", True),
        ({"score": 0.79}, "unsure_face", False),
        ({"sharpness": np.nan}, None, False),
    ],
)
def test_each_limit_is_known_to_list_mask_and_words(missing: dict[str, float], part: str | None, usable: bool) -> None:
    quality = FaceQuality.of(**{**GOOD, **missing})
    assert are_usable(quality, LIMITS).tolist() == [usable]
    if not np.isnan(quality.sharpness[0]):
        found = shortfalls(quality, LIMITS)
        assert [(each.part, each.is_unusable) for each in found] == ([] if part is None else [(part, not usable)])
        words = cannot_tell(quality, LIMITS)
        assert words == (None if usable else f"cannot tell: {found[0].text}")


def test_enrolment_has_the_limits_of_every_answer() -> None:
    limits = Limits()
    assert all(getattr(limits, name) == getattr(LIMITS, name) for name in QualityLimits.__dataclass_fields__)
