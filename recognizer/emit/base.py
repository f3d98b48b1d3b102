"""The defaults of a sink: nothing to open or close, nothing failed, nothing lost."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from recognizer.types import Event


class BaseSink:
    """Implement all of ``Sink`` but ``emit``; subclasses override what they need."""

    failed: str | None = None
    closed: bool = False
    lost: int = 0

    def __enter__(self) -> Self:
        """Open nothing."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close nothing."""

    def on_end(self, source: str, events: tuple[Event, ...]) -> None:
        """Ignore the end of a source."""
