"""Options of FFmpeg's decoders, and the pictures that they return."""

from __future__ import annotations

import functools
import threading
from fractions import Fraction
from typing import Literal

import av
import av.error
import numpy as np
from av.video.reformatter import VideoReformatter

from recognizer.capture.orientation import UPRIGHT, Orientation, orientation_of, square_size
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

_BT709, _UNSPECIFIED, _BT470BG, _BT601 = 1, 2, 5, 6
_KNOWN_MATRICES = frozenset({_BT709, _BT470BG, _BT601})
_LIMITED_RANGE, _FULL_RANGE = 1, 2


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
    """Converts the pictures of one source to upright BGR with square pixels; one at a time, from any thread.

    Args:
        name: the source's display name.
        aspect: width of a stored pixel divided by its height; ``None``: square.
        max_pixels: width times height of a picture that is stretched, at most.
    """

    def __init__(self, name: str, *, aspect: Fraction | None = None, max_pixels: int = 2**26) -> None:
        self._name = name
        self._aspect, self._max_pixels = aspect, max_pixels
        self._to_bgr, self._to_square, self._lock = VideoReformatter(), VideoReformatter(), threading.Lock()

    def size(self, picture: av.VideoFrame) -> tuple[int, int]:
        """Width and height with square pixels, px, before it is turned."""
        return square_size(picture.width, picture.height, self._aspect, max_pixels=self._max_pixels)

    def convert(self, picture: av.VideoFrame) -> U8:
        """Convert to (H, W, 3) uint8 BGR.

        Raises:
            SourceError: FFmpeg cannot convert its pixel format.
        """
        bgr: U8 = np.asarray(self._reformat(self._to_bgr, picture, "bgr24").to_ndarray(), np.uint8)
        return np.ascontiguousarray(orientation_of(picture).apply(bgr), np.uint8)

    def square(self, picture: av.VideoFrame) -> av.VideoFrame:
        """Scale to square pixels in its own pixel format; the picture itself where they are square.

        Raises:
            SourceError: FFmpeg cannot scale it.
        """
        if self.size(picture) == (picture.width, picture.height):
            return picture
        return self._reformat(self._to_square, picture, picture.format.name)

    def _reformat(self, reformatter: VideoReformatter, picture: av.VideoFrame, pixels: str) -> av.VideoFrame:
        width, height = self.size(picture)
        try:
            with self._lock:
                return reformatter.reformat(picture, width=width, height=height, format=pixels, threads=1)
        except (av.error.FFmpegError, ValueError) as error:
            words = getattr(error, "strerror", None) or str(error)
            raise SourceError(
                f"{self._name}: pixel format {picture.format.name} cannot be converted ({words.rstrip('.').lower()})."
            ) from error


class Picture:
    """One decoded picture, converted to BGR on demand: see ``recognizer.types.Decoded``."""

    def __init__(self, picture: av.VideoFrame, converter: BgrConverter, *, camera_at: float | None = None) -> None:
        self.camera_at = camera_at
        """When the camera says that it took it, seconds of the camera's clock."""
        self._picture, self._converter = picture, converter
        self._orientation: Orientation = orientation_of(picture)
        width, height = converter.size(picture)
        self._size = (height, width) if self._orientation.transpose else (width, height)
        self._square: av.VideoFrame | None = None
        self._bgr: U8 | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        return self._size

    @property
    def luma(self) -> U8 | None:
        """(H, W) brightness as the decoder has it, or ``None``."""
        return _plane(self._picture, 0) if self._picture.format.name in WITH_LUMA else None

    @property
    def planes(self) -> Planes | None:
        """The picture as the decoder has it, with square pixels, or ``None``."""
        stored = self._picture
        if stored.format.name not in IN_PLANES or self._orientation != UPRIGHT:
            return None
        if self._square is None:  # two threads may both scale; the results are equal
            self._square = self._converter.square(stored)
        to_bgr, grey = _to_bgr(stored.format.name, int(stored.colorspace), int(stored.color_range))
        luma, blue, red = (_plane(self._square, number) for number in range(3))
        return Planes(luma, blue, red, to_bgr, grey, _colours(stored))

    def bgr(self) -> U8:
        """(H, W, 3) uint8, upright, read-only."""
        if self._bgr is None:  # two threads may both convert; the results are equal
            image = self._converter.convert(self._picture)
            image.flags.writeable = False
            self._bgr = image
        return self._bgr


def _colours(picture: av.VideoFrame) -> tuple[int, int] | None:
    """See ``Planes.colours``; what a stream leaves open is read as FFmpeg's conversion to BGR reads it."""
    matrix = _BT601 if int(picture.colorspace) == _UNSPECIFIED else int(picture.colorspace)
    is_full = picture.format.name.startswith("yuvj") or int(picture.color_range) == _FULL_RANGE
    return (matrix, _FULL_RANGE if is_full else _LIMITED_RANGE) if matrix in _KNOWN_MATRICES else None


def _plane(picture: av.VideoFrame, number: int) -> U8:
    plane = picture.planes[number]
    return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]


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
