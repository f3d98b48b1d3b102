"""Which source to move to which worker, so that none is overloaded while another has time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

WINDOW_S = 15.0
"""Loads are measured over so long."""
BUSY = 0.85
"""Share of its time above which a worker is overloaded."""
GAIN = 0.15
"""By how much the larger load of the two must fall: moving a source ends its tracks."""
REST_S = 60.0
"""Between two moves."""


class Move(NamedTuple):
    """A source that should move."""

    source: str
    worker: int
    """Number of the worker that should take it."""


class Loads:
    """Sums up the time that recognising each source takes.

    Args:
        clock: monotonic, s.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._spent: dict[str, float] = {}
        self._since = self._moved_at = clock()

    def add(self, source: str, seconds: float) -> None:
        """Add the time that a frame took."""
        self._spent[source] = self._spent.get(source, 0.0) + seconds

    def due_move(self, workers: Sequence[Sequence[str]]) -> Move | None:
        """Return a move that is worth its price, at most one a minute.

        Args:
            workers: the sources of each.
        """
        now = self._clock()
        if now - self._since < WINDOW_S:
            return None
        shares = {source: spent / (now - self._since) for source, spent in self._spent.items()}
        self._spent, self._since = {}, now
        if now - self._moved_at < REST_S:
            return None
        move = best_move([{source: shares.get(source, 0.0) for source in sources} for sources in workers])
        if move is not None:
            self._moved_at = now
        return move


def best_move(workers: Sequence[Mapping[str, float]]) -> Move | None:
    """Return the move that lowers the largest load most, ``None`` where none is worth it.

    Args:
        workers: of each, the share of its time that each of its sources takes.
    """
    if len(workers) < 2:
        return None
    loads = [sum(sources.values()) for sources in workers]
    fullest = max(range(len(loads)), key=loads.__getitem__)
    freest = min(range(len(loads)), key=loads.__getitem__)
    if loads[fullest] < BUSY or len(workers[fullest]) < 2:
        return None
    after = {source: max(loads[fullest] - share, loads[freest] + share) for source, share in workers[fullest].items()}
    source = min(after, key=after.__getitem__)
    return Move(source, freest) if loads[fullest] - after[source] >= GAIN else None
