"""Outputs for several sources: a sink for one of them, and a mosaic of all."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from types import TracebackType
from typing import Self

import numpy as np

from recognizer.emit.video import fit
from recognizer.protocols import Sink
from recognizer.types import U8, Event, FrameResult


class Only:
    """Pass one source's results to a sink.

    Args:
        source: Its name.
        sink: Takes them.
    """

    def __init__(self, source: str, sink: Sink) -> None:
        self._source = source
        self._sink = sink

    @property
    def failed(self) -> str | None:
        """Why the sink failed."""
        return self._sink.failed

    @property
    def closed(self) -> bool:
        """Whether the sink's reader closed it."""
        return self._sink.closed

    @property
    def lost(self) -> int:
        """Results that the sink dropped."""
        return self._sink.lost

    def __enter__(self) -> Self:
        """Open the sink."""
        self._sink.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the sink."""
        self._sink.__exit__(kind, error, trace)

    def emit(self, result: FrameResult) -> None:
        """Pass on the results of this source."""
        if result.frame.source == self._source:
            self._sink.emit(result)

    def on_end(self, source: str, events: tuple[Event, ...]) -> None:
        """Pass on the end of this source, not of others."""
        if source == self._source:
            self._sink.on_end(source, events)


class Mosaic:
    """The newest labelled picture of each source, side by side.

    Args:
        render: Makes the (H, W, 3) uint8 BGR picture of a result.
        sources: Their names, in the order of their places.
        tile_px: Width and height of a place.
    """

    def __init__(
        self, *, render: Callable[[FrameResult], U8], sources: list[str], tile_px: tuple[int, int] = (640, 360)
    ) -> None:
        self._render = render
        self._tile_px = tile_px
        self._columns = math.ceil(math.sqrt(len(sources)))
        rows = math.ceil(len(sources) / self._columns)
        self._places = {name: divmod(place, self._columns) for place, name in enumerate(sources)}
        self._canvas = np.zeros((rows * tile_px[1], self._columns * tile_px[0], 3), np.uint8)

    def __call__(self, result: FrameResult) -> U8:
        """The whole picture, with this result in its place."""
        row, column = self._places[result.frame.source]
        width, height = self._tile_px
        tile = fit(self._render(result), width=width, height=height)
        self._canvas[row * height : (row + 1) * height, column * width : (column + 1) * width] = tile
        return self._canvas.copy()


def file_name(source: str) -> str:
    """A part of a file name that says which source it is of."""
    return re.sub(r"[^\w.-]+", "-", source).strip("-.")[:60] or "source"
