"""A source that a worker reads, as the rest of the program sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from recognizer.types import Frame


class DistantSource:
    """The name and the state of a source; its frames stay with the worker.

    Args:
        name: display name.
        live: whether frames grow old.
        set_paused: pauses or resumes it, and notes that in ``paused``.
    """

    frame_rate: float | None = None
    frame_count: int | None = None

    def __init__(self, name: str, *, live: bool, set_paused: Callable[[str, bool], None]) -> None:
        self.name = name
        self.live = live
        self.shortfall: str | None = None
        self.paused = False
        self._set_paused = set_paused

    def __enter__(self) -> Self:
        """Open nothing."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close nothing."""

    def __iter__(self) -> Iterator[Frame]:
        """Yield nothing."""
        return iter(())

    def close(self) -> None:
        """Close nothing."""

    def pause(self) -> None:
        """Hold frames back from now on; the source's tracks end."""
        self._set_paused(self.name, True)

    def resume(self) -> None:
        """Pass frames on again."""
        self._set_paused(self.name, False)
