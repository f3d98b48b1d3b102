"""When to detect: a detection is expensive, so it runs when it is due, on a shot cut, and after a lost track.

FastMTCNN detects in every n-th frame. Here the wait is in seconds and adapts: it is short while faces come and go and
doubles, up to a limit, while detections change nothing. A fast detection may miss the same face again and again, so a
full one is due at the start, at a cut and every few seconds.
"""

from __future__ import annotations

from recognizer.detect.cuts import CutDetector
from recognizer.types import U8, DetectionTrigger

BACKLOG_FACTOR = 2
"""How many times longer detections wait while frames do: of four cameras on two cores a quarter of the frames is
dropped, without it a half."""


class AdaptiveScheduler:
    """Schedules the detections of one source.

    Args:
        max_interval_s: longest wait between two detections; 0: detect in every frame.
        min_interval_s: wait after a detection that changed something, and least wait before a loss triggers another.
        full_interval_s: wait between two full detections; 0: none is ever due, as where every detection is exact.
        cut: share of a picture's blocks that a shot cut leaves unmatched: see ``CutDetector``.
    """

    def __init__(
        self,
        *,
        max_interval_s: float = 0.5,
        min_interval_s: float = 0.25,
        full_interval_s: float = 5.0,
        cut: float = 0.5,
    ) -> None:
        self._max_interval_s = max_interval_s
        self._min_interval_s = min(min_interval_s, max_interval_s)
        self._full_interval_s = full_interval_s
        self._cuts = CutDetector(share=cut)
        self._wait_s = self._min_interval_s
        self._detected_at: float | None = None
        self._full_at: float | None = None
        self._loss_pending = False
        self._for_loss = False

    def next_detection(self, image: U8, at: float, *, lost: bool, backlogged: bool = False) -> DetectionTrigger:
        """Return whether to detect in this frame, and why.

        Args:
            image: (H, W, 3) BGR or (H, W) brightness, uint8.
            at: time of the frame, seconds.
            lost: a track was lost since the last frame.
            backlogged: other frames wait; detections that are not urgent wait ``BACKLOG_FACTOR`` times as long.
        """
        cut = self._cuts.update(image, at)
        self._loss_pending |= lost
        if cut:
            return DetectionTrigger.CUT
        if self._detected_at is None or at < self._detected_at:
            return self._due(at)
        waited = (at - self._detected_at) / (BACKLOG_FACTOR if backlogged else 1)
        if waited >= self._wait_s:
            return self._due(at)
        if self._loss_pending and waited >= self._min_interval_s:
            self._for_loss = True
            return DetectionTrigger.LOSS
        return DetectionTrigger.NOT_DUE

    def _due(self, at: float) -> DetectionTrigger:
        if self._full_interval_s == 0:
            return DetectionTrigger.DUE
        last = self._full_at
        due = last is None or not 0 <= at - last < self._full_interval_s
        return DetectionTrigger.FULL_DUE if due else DetectionTrigger.DUE

    def record_detection(self, at: float, *, changed: bool, full: bool) -> None:
        """Record that a detection was run; ``changed``: tracks began or ended with it."""
        self._detected_at = at
        if full:
            self._full_at = at
        if changed:
            self._wait_s = self._min_interval_s
        elif not self._for_loss:  # where faces are lost the scene is not calm
            self._wait_s = min(self._wait_s * 2, self._max_interval_s)
        self._loss_pending = self._for_loss = False
