"""Seconds spent, by stage."""

from __future__ import annotations

import time


class Stopwatch:
    """Seconds spent, by stage: each lap goes to the stage that it ends."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, stage: str) -> None:
        """The time since the last lap was spent in ``stage``."""
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self._since = now
