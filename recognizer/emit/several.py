"""Outputs for several sources: a sink for one of them, and a mosaic of all."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np

from recognizer.emit.base import WrappingSink
from recognizer.emit.encoded_picture import fit
from recognizer.protocols import Sink
from recognizer.types import U8, Event, FrameResult, PictureNeed


class Only(WrappingSink):
    """Pass one source's results to a sink.

    Args:
        source: name of the source.
        sink: receives the results.
    """

    def __init__(self, source: str, sink: Sink) -> None:
        super().__init__(sink)
        self._source = source

    @property
    def lost(self) -> int:
        """Results that the sink dropped."""
        return self._sink.lost

    def picture_need(self, source: str) -> PictureNeed:
        """Which pictures of this source the sink reads; none of others."""
        return super().picture_need(source) if source == self._source else PictureNeed.NONE

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
        render: draws the (H, W, 3) uint8 BGR picture of a result.
        sources: names of the sources, in the order of their places.
        tile_px: width and height of a place.
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
