"""Base classes of sinks: one with the defaults, one that wraps another sink."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from recognizer.protocols import PictureSink, Sink
from recognizer.types import Event, PictureNeed


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


class WrappingSink:
    """Open, close and report another sink; subclasses decide what they pass on to it.

    Args:
        sink: the wrapped sink.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    @property
    def failed(self) -> str | None:
        """Why the wrapped sink failed."""
        return self._sink.failed

    @property
    def closed(self) -> bool:
        """Whether the wrapped sink's reader closed it."""
        return self._sink.closed

    def picture_need(self, source: str) -> PictureNeed:
        """Which pictures of a source the wrapped sink reads."""
        return self._sink.picture_need(source) if isinstance(self._sink, PictureSink) else PictureNeed.NONE

    def __enter__(self) -> Self:
        """Open the wrapped sink."""
        self._sink.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the wrapped sink."""
        self._sink.__exit__(kind, error, trace)
