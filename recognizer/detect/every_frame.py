"""Detect in every frame, for photos that have nothing to do with each other."""

from __future__ import annotations

from recognizer.types import U8, DetectionTrigger


class EveryFrame:
    """A scheduler that takes each frame for a new shot, so that no track goes on."""

    def next_detection(self, image: U8, at: float, *, lost: bool, backlogged: bool = False) -> DetectionTrigger:
        """Return a detection as after a shot cut."""
        return DetectionTrigger.CUT

    def record_detection(self, at: float, *, changed: bool, full: bool) -> None:
        """Do nothing: the next detection does not depend on this one."""
