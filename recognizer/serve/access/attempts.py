"""Limit how often somebody may try to log in."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable

EACH, ALL, PERIOD_S = 5, 50, 60.0
"""Failed logins of one address, and of all together, in so many seconds."""
_ADDRESSES = 1000


class LoginAttempts:
    """Counts the failed logins of the last minute.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()
        self._all: deque[float] = deque(maxlen=ALL)

    def wait_s(self, address: str) -> float:
        """Seconds until the address may try again; 0 where it may now."""
        now = self._clock()
        own = self._failed.get(address, deque())
        waits = [times[0] + PERIOD_S - now for times, most in ((own, EACH), (self._all, ALL)) if len(times) >= most]
        return max([0.0, *waits])

    def failed(self, address: str) -> None:
        """Count one."""
        now = self._clock()
        self._failed.setdefault(address, deque(maxlen=EACH)).append(now)
        self._failed.move_to_end(address)
        if len(self._failed) > _ADDRESSES:
            self._failed.popitem(last=False)
        self._all.append(now)
