"""When to look: full detection is dear, so it runs when it is due, on a shot cut, and after a loss.

FastMTCNN looks at every n-th frame. Here the wait is in seconds and adapts: it is short while faces come and go and
doubles, up to a limit, while looking brings nothing new. A look may overlook a kind of face again and again; so a
thorough one is due at the start, at a cut and every few seconds.
"""

from __future__ import annotations

from recognizer.detect.cuts import CutDetector
from recognizer.types import U8, Look

HURRIED = 2
"""How many times as long looks wait while frames do: of four cameras on two cores a quarter of the frames is left out
for newer ones, without it a half."""


class Cadence:
    """Decides for one source, frame by frame.

    Args:
        interval_s: longest wait between two looks.
        shortest_s: wait after a look that found somebody new, and least wait before a loss asks for another look.
        thorough_s: wait between two thorough looks; 0 where every look finds all there is, and none is asked for.
        cut: share of a picture's blocks that a shot cut leaves unmatched: see ``CutDetector``.
    """

    def __init__(
        self, *, interval_s: float = 0.5, shortest_s: float = 0.25, thorough_s: float = 5.0, cut: float = 0.5
    ) -> None:
        self._interval_s = interval_s
        self._shortest_s = min(shortest_s, interval_s)
        self._thorough_s = thorough_s
        self._cuts = CutDetector(share=cut)
        self._wait_s = self._shortest_s
        self._looked_at: float | None = None
        self._thorough_at: float | None = None
        self._loss_owed = False
        self._for_loss = False

    def look(self, image: U8, at: float, *, lost: bool, hurried: bool = False) -> Look:
        """Say whether to detect in this frame.

        Args:
            image: (H, W, 3) BGR or (H, W) brightness, uint8.
            at: time of the frame, seconds.
            lost: a track was lost since the last frame.
            hurried: frames wait; looks that may wait do so for ``HURRIED`` times as long.
        """
        cut = self._cuts.update(image, at)
        self._loss_owed |= lost
        if cut:
            return Look.CUT
        if self._looked_at is None or at < self._looked_at:
            return self._due(at)
        waited = (at - self._looked_at) / (HURRIED if hurried else 1)
        if waited >= self._wait_s:
            return self._due(at)
        if self._loss_owed and waited >= self._shortest_s:
            self._for_loss = True
            return Look.LOSS
        return Look.NO

    def _due(self, at: float) -> Look:
        if self._thorough_s == 0:
            return Look.DUE
        last = self._thorough_at
        return Look.THOROUGH if last is None or not 0 <= at - last < self._thorough_s else Look.DUE

    def looked(self, at: float, *, news: bool, thorough: bool) -> None:
        """Take note of a look: ``news`` when it found somebody new or missed somebody."""
        self._looked_at = at
        if thorough:
            self._thorough_at = at
        if news:
            self._wait_s = self._shortest_s
        elif not self._for_loss:  # where faces are lost the scene is not calm
            self._wait_s = min(self._wait_s * 2, self._interval_s)
        self._loss_owed = self._for_loss = False
