"""What the tests of the window show, in their own process and in others."""

from __future__ import annotations

import numpy as np

from recognizer.types import U8, FrameResult

RED = (10, 20, 250)


def plain(result: FrameResult) -> U8:
    return result.frame.image


def red(height: int = 240, width: int = 320) -> U8:
    return np.full((height, width, 3), RED, np.uint8)
