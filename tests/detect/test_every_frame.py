from __future__ import annotations

import numpy as np

from recognizer.detect.every_frame import EveryFrame
from recognizer.types import DetectionTrigger


def test_each_photo_is_a_new_shot_even_the_same_one_twice() -> None:
    scheduler, photo = EveryFrame(), np.zeros((8, 8, 3), np.uint8)
    for at in (0.0, 0.0, 1.0):
        assert scheduler.next_detection(photo, at, lost=False) is DetectionTrigger.CUT
        scheduler.record_detection(at, changed=False, full=False)
