"""The same labels, drawn into the planes that video is encoded from: no picture is converted to BGR and back."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.emit.overlay import Colour, lay_out
from recognizer.types import U8, FrameResult
from recognizer.types.frame import Planes


def draw_planes(planes: Planes, result: FrameResult, canvas: U8) -> None:
    """Copy a picture and draw its boxes and labels, as ``recognizer.emit.overlay.draw`` does.

    Colours have half the picture's resolution there, so labels begin at even pixels.

    Args:
        planes: the picture of ``result``, of even height and width.
        result: who is where.
        canvas: (3 H / 2, W) uint8, which is overwritten: brightness, then blue, then red difference.
    """
    height, width = planes.shape
    luma, colours = _parts(canvas, height)
    luma[:], colours[0], colours[1] = planes.luma, planes.blue, planes.red
    outlines, labels = lay_out(height, width, result.tracks, result.identities)
    to_planes = from_bgr(planes.to_bgr)
    for lines, colour, width_px in outlines:
        values = _values(colour, to_planes)
        cv2.polylines(luma, lines, False, (values[0],), width_px)
        for plane, value in zip(colours, values[1:], strict=True):
            cv2.polylines(plane, lines, False, (value,), max(1, round(width_px / 2)), shift=1)
    for pixels, left, top in labels:
        left, top = left - left % 2, top - top % 2
        even = cv2.copyMakeBorder(pixels, 0, pixels.shape[0] % 2, 0, pixels.shape[1] % 2, cv2.BORDER_REPLICATE)
        put_bgr(np.asarray(even[: height - top, : width - left], np.uint8), to_planes, canvas, height, left, top)


def put_bgr(pixels: U8, to_planes: NDArray[np.float64], canvas: U8, height: int, left: int = 0, top: int = 0) -> None:
    """Convert (h, w, 3) uint8 BGR pixels and put them into planes; all places and sides are even.

    Args:
        pixels: what to put.
        to_planes: see ``from_bgr``.
        canvas: (3 H / 2, W) uint8.
        height: of the picture, H.
        left: where they begin, px.
        top: the same.
    """
    luma, colours = _parts(canvas, height)
    seen = cv2.transform(pixels, to_planes)
    rows, columns = seen.shape[:2]
    luma[top : top + rows, left : left + columns] = seen[..., 0]
    halved = cv2.resize(seen[..., 1:], (columns // 2, rows // 2), interpolation=cv2.INTER_AREA)
    place = np.s_[top // 2 : (top + rows) // 2, left // 2 : (left + columns) // 2]
    colours[0][place], colours[1][place] = halved[..., 0], halved[..., 1]


def from_bgr(to_bgr: NDArray[np.float32]) -> NDArray[np.float64]:
    """Invert ``Planes.to_bgr``: the (3, 4) matrix that takes ``(blue, green, red, 1)`` to planes."""
    inverse = np.linalg.inv(to_bgr[:, :3].astype(np.float64))
    return np.concatenate([inverse, -inverse @ to_bgr[:, 3:]], axis=1)


def _parts(canvas: U8, height: int) -> tuple[U8, U8]:
    """Brightness, (H, W), and both colour differences, (2, H / 2, W / 2); views."""
    return canvas[:height], canvas[height:].reshape(2, height // 2, canvas.shape[1] // 2)


def _values(colour: Colour, to_planes: NDArray[np.float64]) -> list[int]:
    values = to_planes @ np.array([*colour, 1.0])
    return [int(value) for value in np.clip(np.rint(values), 0, 255)]
