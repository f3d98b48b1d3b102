"""Limit how often a rule reports the same person and camera."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from recognizer.integrations.rules.types import Observation

Key = tuple[str | None, str | None]
"""Person and camera, as far as the limit distinguishes them; people who are not enrolled are one."""


@dataclass(slots=True)
class Rate:
    """Lets one message pass in ``every_s``, and counts the others."""

    every_s: float
    per: frozenset[str]
    """``person``, ``camera``."""
    reported: dict[Key, dt.datetime] = field(default_factory=dict)
    _suppressed: dict[Key, int] = field(default_factory=dict)

    def allow(self, seen: Observation) -> int | None:
        """Return how many were suppressed since the last that was allowed; ``None``: this one is suppressed, too."""
        key = (seen.name if "person" in self.per else None, seen.source if "camera" in self.per else None)
        last = self.reported.get(key)
        if last is not None and dt.timedelta(0) <= seen.moment - last < dt.timedelta(seconds=self.every_s):
            self._suppressed[key] = self._suppressed.get(key, 0) + 1
            return None
        self.reported[key] = seen.moment
        return self._suppressed.pop(key, 0)

    def forget(self, keep: frozenset[str]) -> None:
        """Forget the people who are not in ``keep``."""
        for key in [key for key in self.reported if key[0] is not None and key[0] not in keep]:
            del self.reported[key]
            self._suppressed.pop(key, None)
