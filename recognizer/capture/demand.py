"""When pictures of a camera's main stream are wanted, and how many of them may be decoded."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

UNSETTLED_S = 1.0
"""A track that is sampled again so soon is not settled; a settled one is sampled every 2 s (``decide.recheck_s``)."""
STAYS_S = 0.5
"""How long decoding stays on after the last urgent request: the samples of a new track are 0.08 to 0.3 s apart."""
RATE = 1.0
"""Pictures a second that may be decoded beside key frames, on average. On 360p beside 1080p, five times as many named
nobody more and took a tenth of the 1080p stream's time (docs/measurements.md, "Two streams of one camera")."""
MOST = 50
"""Such pictures that may be saved up: two seconds of following somebody new."""
_MOST_TRACKS = 1000


class Demand:
    """Shared by the thread that recognises, which asks, and the one that decodes; any thread may call.

    Args:
        clock: monotonic, s.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: dict[int, float] = {}
        self._until = 0.0
        self._saved, self._saved_at = float(MOST), clock()

    def ask(self, ids: Sequence[int]) -> None:
        """Request pictures of some tracks; of new and unsettled ones they are urgent."""
        now = self._clock()
        with self._lock:
            if any(now - self._asked.get(number, now) < UNSETTLED_S for number in ids):
                self._until = now + STAYS_S
            if len(self._asked) > _MOST_TRACKS:
                self._asked.clear()
            self._asked.update(dict.fromkeys(ids, now))

    def now(self) -> float:
        """Return the time of its clock, s."""
        return self._clock()

    @property
    def is_on(self) -> bool:
        """Whether pictures between key frames are wanted now."""
        return self._clock() < self._until

    def take(self, count: int) -> bool:
        """Take so many pictures from the budget; False, and none taken, if there are not so many."""
        now = self._clock()
        with self._lock:
            self._saved = min(float(MOST), self._saved + RATE * (now - self._saved_at))
            self._saved_at = now
            if self._saved < count:
                return False
            self._saved -= count
            return True
