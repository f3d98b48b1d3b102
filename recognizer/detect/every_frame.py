"""Detect in every frame, for photos that have nothing to do with each other."""

from __future__ import annotations

from recognizer.types import U8, Look


class EveryFrame:
    """A scheduler that takes each frame for a new shot, so that no track goes on."""

    def look(self, image: U8, at: float, *, lost: bool, hurried: bool = False) -> Look:
        """Return a detection as after a shot cut."""
        return Look.CUT

    def looked(self, at: float, *, news: bool, thorough: bool) -> None:
        """Do nothing: the next detection does not depend on this one."""
