"""The state of a live source, and its changes."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class SourceState(enum.Enum):
    """Whether the connection of a live source works."""

    OPEN = "open"
    """Opened, or about to be; no frame has come yet."""
    LIVE = "live"
    STALLED = "stalled"
    """Still connected, but its newest frame is too old."""
    LOST = "lost"
    BACKING_OFF = "backing off"
    """Waiting and trying again, in turns, until a frame comes."""
    PAUSED = "paused"
    """Somebody paused it: its frames are not recognised."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, eq=False)
class SourceChange:
    """A live source came to another state."""

    source: str
    """Display name, without credentials."""
    state: SourceState
    at: float
    """Seconds, the monotonic clock."""
    why: str = ""
    """In words, without credentials; empty where there is nothing to say."""
    event: str | None = None
    """``source_lost`` or ``source_back`` where the change is worth an event: one of each for every loss."""
