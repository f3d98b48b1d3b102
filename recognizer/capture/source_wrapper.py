"""A source around another one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from recognizer.protocols import FrameSource, ReportsState
from recognizer.types import Frame, SourceChange


class SourceWrapper(ABC):
    """A source whose frames are another's, changed; everything else is the other's own.

    Args:
        source: Any source.
    """

    def __init__(self, source: FrameSource) -> None:
        self.name = source.name
        self.live = source.live
        self.source = source

    def __enter__(self) -> Self:
        """Open the source."""
        self.source.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the source."""
        self.source.__exit__(kind, error, trace)

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames."""

    @property
    def frame_rate(self) -> float | None:
        """Frames a second."""
        return self.source.frame_rate

    @property
    def frame_count(self) -> int | None:
        """How many frames come in all."""
        return self.source.frame_count

    @property
    def shortfall(self) -> str | None:
        """In words, what could not be read of a file."""
        return self.source.shortfall

    def close(self) -> None:
        """Ask the iteration to end."""
        self.source.close()

    def state_changes(self) -> list[SourceChange]:
        """The source's changes of state; a file has none."""
        return self.source.state_changes() if isinstance(self.source, ReportsState) else []
