"""What all sources without an end have in common: they run until they are closed."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self


class EndlessSource:
    """A live source that ends when it is closed; a subclass yields the frames.

    Args:
        name: Display name, without credentials.
    """

    live = True
    frame_rate: float | None = None
    frame_count: int | None = None
    shortfall: str | None = None

    def __init__(self, name: str) -> None:
        self.name = name
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        """Get ready; what gives the frames is opened by the thread that iterates."""
        self._stop.clear()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ask the iteration to end."""
        self._stop.set()

    def close(self) -> None:
        """Ask the iteration to end at the next frame or time-out; safe from any thread."""
        self._stop.set()
