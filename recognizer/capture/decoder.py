"""Options of FFmpeg's decoders, and the pictures that they return."""

from __future__ import annotations

import functools
import threading
from typing import Literal

import av
import av.error
import numpy as np
from av.video.reformatter import VideoReformatter

from recognizer.errors import SourceError
from recognizer.types import F32, U8
from recognizer.types.frame import Planes

Deblock = Literal["all", "most", "none"]
"""Frames whose block edges are smoothed. ``most``: of H.264 all but B frames, else all that other frames are made from.

On three clips (H.264, three quarters B frames) ``most`` takes 18 % less CPU time, changes pixels by 0.2 grey levels on
average and costs no face. ``none`` takes 28 % less; errors grow from key frame to key frame, 1.6 levels there, and one
confident face in a hundred is followed less.
"""

WITH_LUMA = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12"})
"""Pixel formats whose first plane is the brightness, a byte a pixel."""
IN_PLANES = frozenset({"yuv420p", "yuvj420p"})
"""Pixel formats of three such planes, the second and third of half the sides."""


def decoder_options(codec: str, *, deblock: Deblock, max_pixels: int) -> dict[str, str]:
    """Options of a codec context.

    Args:
        codec: FFmpeg's name. In H.265 every frame may be of B slices, so only frames that none refers to are left out.
        deblock: see there.
        max_pixels: width times height beyond which it refuses.
    """
    unsmoothed = {"all": "default", "most": "bidir" if codec == "h264" else "noref", "none": "all"}
    return {"max_pixels": str(max_pixels), "skip_loop_filter": unsmoothed[deblock]}


class BgrConverter:
    """Converts the pictures of one source to upright BGR; one at a time, from any thread.

    Args:
        name: the source's display name.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._reformatter, self._lock = VideoReformatter(), threading.Lock()

    def convert(self, picture: av.VideoFrame) -> U8:
        """Convert to (H, W, 3) uint8 BGR.

        Raises:
            SourceError: FFmpeg cannot convert its pixel format.
        """
        try:
            with self._lock:
                image = self._reformatter.reformat(picture, format="bgr24", threads=1).to_ndarray()
        except (av.error.FFmpegError, ValueError) as error:
            words = getattr(error, "strerror", None) or str(error)
            raise SourceError(
                f"{self._name}: pixel format {picture.format.name} cannot be converted ({words.rstrip('.').lower()})."
            ) from error
        quarters = quarter_turns(picture)
        return np.ascontiguousarray(np.rot90(image, quarters) if quarters else image, np.uint8)


class Picture:
    """One decoded picture, converted to BGR on demand: see ``recognizer.types.Decoded``."""

    def __init__(self, picture: av.VideoFrame, converter: BgrConverter) -> None:
        self._picture, self._converter = picture, converter
        self._bgr: U8 | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        width, height = self._picture.width, self._picture.height
        return (height, width) if quarter_turns(self._picture) % 2 else (width, height)

    @property
    def luma(self) -> U8 | None:
        """(H, W) brightness as the decoder has it, or ``None``."""
        return self._plane(0) if self._picture.format.name in WITH_LUMA else None

    @property
    def planes(self) -> Planes | None:
        """The picture as the decoder has it, or ``None``."""
        picture = self._picture
        if picture.format.name not in IN_PLANES or quarter_turns(picture):
            return None
        to_bgr, grey = _to_bgr(picture.format.name, int(picture.colorspace), int(picture.color_range))
        return Planes(self._plane(0), self._plane(1), self._plane(2), to_bgr, grey)

    def bgr(self) -> U8:
        """(H, W, 3) uint8, upright, read-only."""
        if self._bgr is None:  # two threads may both convert; the results are equal
            image = self._converter.convert(self._picture)
            image.flags.writeable = False
            self._bgr = image
        return self._bgr

    def _plane(self, number: int) -> U8:
        plane = self._picture.planes[number]
        return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]


def quarter_turns(picture: av.VideoFrame) -> int:
    """Anticlockwise, that bring it upright; from the display matrix."""
    return round(picture.rotation / 90) % 4


@functools.lru_cache(maxsize=64)
def _to_bgr(pixel_format: str, colorspace: int, color_range: int) -> tuple[F32, float]:
    """The matrix from such planes to BGR, read off FFmpeg's own conversion, and the brightness of grey: see Planes."""
    grey, reach, block_px = np.array([126, 128, 128]), 56, 8
    shown = [grey]
    for plane in np.eye(3, dtype=np.int64):
        shown += [grey + reach * plane, grey - reach * plane]
    picture = av.VideoFrame(block_px * len(shown), 2, pixel_format)
    picture.colorspace, picture.color_range = colorspace, color_range
    for number, place in enumerate(picture.planes):
        values = np.repeat([each[number] for each in shown], block_px * place.width // picture.width)
        rows = np.zeros((place.height, place.line_size), np.uint8)
        rows[:, : len(values)] = values
        place.update(rows.tobytes())
    bgr = VideoReformatter().reformat(picture, format="bgr24", threads=1).to_ndarray()
    came = bgr[0, block_px // 2 :: block_px].astype(np.float64)
    by_plane = (came[1::2] - came[2::2]).T / (2 * reach)
    rest = came.mean(axis=0) - by_plane @ grey
    matrix = np.concatenate([by_plane, rest[:, None]], axis=1).astype(np.float32)
    return matrix, float((127 - came[0].mean()) / by_plane[:, 0].mean() + grey[0])
