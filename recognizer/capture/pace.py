"""Play what comes in bursts, as HLS segments do, at its own speed."""

from __future__ import annotations

import threading
import time

import av


class Pace:
    """Plays what comes in bursts, as HLS segments do, at its own speed."""

    _LONGEST_S = 30.0

    def __init__(self) -> None:
        self._start: float | None = None

    def wait(self, picture: av.VideoFrame, stop: threading.Event) -> bool:
        """Wait until the picture is due; False when asked to stop meanwhile."""
        if picture.time is None:
            return not stop.is_set()
        now = time.monotonic()
        if self._start is None or not -self._LONGEST_S < self._start + picture.time - now < self._LONGEST_S:
            self._start = now - picture.time
        late = now - (self._start + picture.time)
        if late > 0:
            self._start += late  # the next segment came late: go on from here rather than hurry
            return not stop.is_set()
        return not stop.wait(-late)
