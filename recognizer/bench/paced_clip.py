"""A clip that is played at its own rate, as a camera sends frames."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.capture.endless import EndlessSource
from recognizer.types import Frame


class PacedClip(EndlessSource):
    """Play a clip at its own rate, again and again until it is closed.

    Args:
        settings: their source is a video file.
        name: display name.
        begins_s: seconds from the start of the iteration to the first frame.
        begins_at: the first frame, as a share of the clip's frames.
    """

    def __init__(self, settings: Settings, *, name: str, begins_s: float = 0.0, begins_at: float = 0.0) -> None:
        super().__init__(name)
        self._settings = settings
        self._begins_s, self._begins_at = begins_s, begins_at

    def __iter__(self) -> Iterator[Frame]:
        """Yield each frame when it is due, with that time of the monotonic clock."""
        due, index = -math.inf, 0
        while not self._stop.is_set():
            with build.source(self._settings) as clip:
                step = 1 / (clip.frame_rate or 25.0)
                frames = iter(clip)
                if index == 0:
                    skip(frames, round(self._begins_at * (clip.frame_count or 0)))
                    due = time.monotonic() + self._begins_s
                while not self._stop.wait(max(0.0, due - time.monotonic())):
                    frame = next(frames, None)
                    if frame is None:
                        break
                    yield replace(frame, index=index, captured_at=due, source=self.name)
                    due, index = due + step, index + 1


def skip(frames: Iterator[object], count: int) -> None:
    """Drop the next ``count`` items."""
    for _ in islice(frames, count):
        pass
