"""Adjust the pictures of a source before recognition: rotate, mirror, crop, and analyse fewer of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recognizer.capture.source_wrapper import SourceWrapper
from recognizer.protocols import FrameSource
from recognizer.types import U8, Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """In this order: rotation, mirror, region."""

    rotate_deg: int = 0
    """Clockwise: 0, 90, 180 or 270."""
    mirror: bool = False
    """Left and right change places."""
    region: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    """Left, top, right, bottom of the part that is analysed, as shares of the turned picture."""
    rate: float | None = None
    """Frames a second that are analysed, at most."""

    def apply(self, image: U8) -> U8:
        """The adjusted copy of a (H, W, 3) picture; at least one pixel of it is left."""
        if self.rotate_deg:
            image = np.rot90(image, -self.rotate_deg // 90)
        if self.mirror:
            image = image[:, ::-1]
        height, width = image.shape[:2]
        left, top = (
            min(int(share * side), side - 1) for share, side in zip(self.region[:2], (width, height), strict=True)
        )
        right, bottom = (round(share * side) for share, side in zip(self.region[2:], (width, height), strict=True))
        return np.ascontiguousarray(image[top : max(bottom, top + 1), left : max(right, left + 1)])


AS_IT_IS = Adjustment()


class Adjusted(SourceWrapper):
    """A source whose frames are adjusted; everything else is the source's own.

    Args:
        source: Any source.
        adjustment: What is done to its frames.
    """

    def __init__(self, source: FrameSource, adjustment: Adjustment) -> None:
        super().__init__(source)
        self._adjustment = adjustment

    def __iter__(self) -> Iterator[Frame]:
        """Yield the adjusted frames; those that come too soon are dropped."""
        step = 1 / self._adjustment.rate if self._adjustment.rate else 0.0
        slack = step / 4  # cameras are not punctual
        due = -np.inf
        for frame in self.source:
            if frame.captured_at < due - slack:
                continue
            due = max(due, frame.captured_at - slack) + step
            yield Frame(self._adjustment.apply(frame.image), frame.index, frame.captured_at, frame.source)

    @property
    def frame_rate(self) -> float | None:
        """Frames a second, at most those that are analysed."""
        rate, most = self.source.frame_rate, self._adjustment.rate
        return rate if rate is None or most is None else min(rate, most)

    @property
    def frame_count(self) -> int | None:
        """How many frames come; ``None`` also where only some of them are analysed."""
        return None if self._adjustment.rate else self.source.frame_count
