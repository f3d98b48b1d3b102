"""The time of day of what happens in live sources and in files."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet

_CLOCK_SET = dt.timedelta(seconds=0.1)
"""A time of day that is off by more was set; less is the time between two readings of the clocks."""


def now() -> dt.datetime:
    """Return the time of day with this machine's zone."""
    return dt.datetime.now().astimezone()


class WallClock:
    """Turns the seconds of ``Frame.captured_at`` into times of day.

    Args:
        live: names of the live sources, or True for all: their seconds are of the monotonic clock. The seconds of
            others count from the start of the file; they are added to the time at which the run began, so that two
            runs differ in nothing else.
        clock: gives the time of day, with its zone.
        monotonic: the clock of live sources.
    """

    def __init__(
        self,
        *,
        live: bool | AbstractSet[str],
        clock: Callable[[], dt.datetime] = now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._live = live
        self._clock = clock
        self._monotonic = monotonic
        self._origin: dt.datetime | None = None
        self._begun = clock()

    def restart(self) -> None:
        """Take now as the time at which the run began."""
        self._begun = self._clock()

    def is_live(self, source: str) -> bool:
        """Whether the source's seconds are of the monotonic clock."""
        return self._live if isinstance(self._live, bool) else source in self._live

    def moment(self, source: str, at: float) -> dt.datetime:
        """Return the time of day of ``at`` seconds of a source."""
        return self.live_moment(at) if self.is_live(source) else self._begun + dt.timedelta(seconds=at)

    def live_moment(self, at: float) -> dt.datetime:
        """Return the time of day of a monotonic time; equal times give equal moments, until somebody sets the clock."""
        origin = self._clock() - dt.timedelta(seconds=self._monotonic())
        if self._origin is None or abs(origin - self._origin) > _CLOCK_SET:
            self._origin = origin
        return self._origin + dt.timedelta(seconds=at)
