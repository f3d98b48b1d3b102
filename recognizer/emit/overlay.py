"""Who is where, drawn on a copy of the picture: a pure function, and a small memory around it for several sinks.

The status shows twice, for eyes that do not tell the colours apart: a known face has a whole box in green, an
undecided one a dashed box in yellow, an unknown one the four corners in vermilion (colours after Okabe and Ito, "Color
Universal Design", 2008).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from recognizer.geometry import area, intersection
from recognizer.text import line_height, text_mask
from recognizer.types import F32, U8, FrameResult, Identity, Status, Tracks

Colour = tuple[int, int, int]

_COLOURS: dict[Status, Colour] = {
    Status.KNOWN: (115, 158, 0),
    Status.UNDECIDED: (66, 228, 240),
    Status.UNKNOWN: (0, 94, 213),
}
"""BGR."""
_INK: dict[Status, Colour] = {
    Status.KNOWN: (255, 255, 255),
    Status.UNDECIDED: (0, 0, 0),
    Status.UNKNOWN: (255, 255, 255),
}
_SHADE: Colour = (20, 20, 20)

_SMALLEST_FONT_PX = 13
_FONTS_IN_PICTURE = 45
"""The font is this part of the picture's shorter side: 24 px at 1080p."""
_LINES_IN_PICTURE = 4
"""Pictures with room for fewer lines get boxes only, or there would be nothing else to see."""


Lines = list[np.ndarray[tuple[int, ...], np.dtype[np.int32]]]


class Outline(NamedTuple):
    """Lines of one colour."""

    lines: Lines
    """(P, 2) px each."""
    colour: Colour
    width_px: int


class Label(NamedTuple):
    """A text in its place."""

    pixels: U8
    """(H, W, 3) BGR."""
    left: int
    top: int


class Overlay:
    """Draws results; one that several sinks ask for is drawn once."""

    def __init__(self) -> None:
        self._last: tuple[FrameResult, U8] | None = None

    def __call__(self, result: FrameResult) -> U8:
        """The labelled picture of a result, (H, W, 3) uint8 BGR; read-only, as others may see it too."""
        if self._last is None or self._last[0] is not result:
            image = draw(result.frame.image, result.tracks, result.identities)
            image.flags.writeable = False
            self._last = (result, image)
        return self._last[1]


def draw(image: U8, tracks: Tracks, identities: Sequence[Identity]) -> U8:
    """Draw boxes and labels.

    Args:
        image: (H, W, 3) uint8 BGR.
        tracks: Where the faces are.
        identities: Who they are, one for each row of ``tracks``.

    Returns:
        (H, W, 3) uint8 BGR, a new array. Pictures of a few lines' height get no labels.

    Raises:
        ValueError: Not as many identities as tracks.
    """
    canvas = image.copy()
    outlines, labels = lay_out(canvas.shape[0], canvas.shape[1], tracks, identities)
    for lines, colour, width in outlines:
        cv2.polylines(canvas, lines, False, colour, width)
    for pixels, left, top in labels:
        shown = pixels[: canvas.shape[0] - top, : canvas.shape[1] - left]
        canvas[top : top + shown.shape[0], left : left + shown.shape[1]] = shown
    return canvas


def lay_out(
    height: int, width: int, tracks: Tracks, identities: Sequence[Identity]
) -> tuple[list[Outline], list[Label]]:
    """Find what is drawn, in this order: lines of boxes, each over a darker and wider copy that shows on any ground.

    Args:
        height: of the picture, px.
        width: the same.
        tracks: Where the faces are.
        identities: Who they are, one for each row of ``tracks``.

    Raises:
        ValueError: Not as many identities as tracks.
    """
    if len(tracks) != len(identities):
        raise ValueError(f"draw: wanted one identity for each of {len(tracks)} tracks, got {len(identities)}.")
    outlines: list[Outline] = []
    labels: list[Label] = []
    if len(tracks) == 0 or min(height, width) < 2:
        return outlines, labels
    boxes = np.nan_to_num(tracks.boxes, nan=0.0, posinf=1e6, neginf=-1e6)
    boxes = np.clip(boxes, 0, np.array([width - 1, height - 1] * 2, np.float32)).astype(np.float32)
    seen = [i for i in range(len(tracks)) if area(boxes[i : i + 1])[0] > 0]
    thickness = max(2, round(min(height, width) / 360))
    for i in seen:
        status = identities[i].status
        lines = _box_lines(boxes[i], status, thickness)
        outlines += [Outline(lines, _SHADE, thickness + 2), Outline(lines, _COLOURS[status], thickness)]
    font_px = max(_SMALLEST_FONT_PX, round(min(height, width) / _FONTS_IN_PICTURE))
    if height < _LINES_IN_PICTURE * line_height(font_px):
        return outlines, labels
    taken = np.zeros((0, 4), np.float32)
    for i in sorted(seen, key=lambda i: identities[i].status is not Status.KNOWN):  # names choose their places first
        label = _label(identities[i], font_px, width)
        place = _place(label.shape[1], label.shape[0], boxes[i], boxes[seen], taken, width, height)
        taken = np.concatenate([taken, place[None]])
        labels.append(Label(label, int(place[0]), int(place[1])))
    return outlines, labels


def _box_lines(box: F32, status: Status, thickness: int) -> Lines:
    x1, y1, x2, y2 = (round(float(side)) for side in box)
    corners = [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
    if status is Status.KNOWN:
        return [np.array([*corners, corners[0]], np.int32)]
    lines = []
    if status is Status.UNKNOWN:
        arm = max(2, round(0.25 * min(x2 - x1, y2 - y1)))
        for (x, y), dx, dy in zip(corners, (arm, -arm, -arm, arm), (arm, arm, -arm, -arm), strict=True):
            lines.append(np.array([(x + dx, y), (x, y), (x, y + dy)], np.int32))
        return lines
    dash = 4 * thickness + 4
    for start, end in zip(corners, [*corners[1:], corners[0]], strict=True):
        a, b = np.array(start, float), np.array(end, float)
        length = float(np.abs(b - a).sum())
        pieces = max(1, round((length / dash - 1) / 2))  # dash, gap, dash, ..., dash: both ends are drawn
        part = (b - a) / (2 * pieces + 1)
        lines += [np.rint([a + 2 * k * part, a + (2 * k + 1) * part]).astype(np.int32) for k in range(pieces + 1)]
    return lines


def _label(identity: Identity, font_px: int, picture_width: int) -> U8:
    """The label's pixels: who, how similar, which track; a long name is cut so that the label fits the picture."""
    who = identity.name if identity.status is Status.KNOWN and identity.name else identity.status.value
    figures = f"{identity.similarity:.2f} " if -1 < identity.similarity <= 1 else ""
    tail = _strip(f"{figures}#{identity.track_id}", font_px, identity.status)
    room = max(font_px, picture_width - tail.shape[1])
    head = _strip(who, font_px, identity.status)
    while head.shape[1] > room and len(who) > 1:
        who = who[: min(len(who) - 1, max(1, len(who) * room // head.shape[1]))]
        head = _strip(who + "…", font_px, identity.status)
    return np.concatenate([head, tail], axis=1)


@functools.lru_cache(maxsize=512)
def _strip(text: str, font_px: int, status: Status) -> U8:
    """A text in its status's colours with a margin at both sides, (line height, W, 3) uint8 BGR."""
    margin = max(2, font_px // 4)
    mask = np.pad(text_mask(text, font_px), ((0, 0), (margin, margin)))
    ink = (mask / np.float32(255))[:, :, None]
    ground, letters = np.array(_COLOURS[status], np.float32), np.array(_INK[status], np.float32)
    return np.asarray(np.rint(ground + (letters - ground) * ink), np.uint8)


def _place(label_width: int, label_height: int, box: F32, faces: F32, taken: F32, width: int, height: int) -> F32:
    """Where a label goes: near its box, inside the picture, off other labels before all, then off the faces.

    Returns:
        (4,) x1, y1, x2, y2 px, whole numbers.
    """
    # outwards: rounded into the face by half a pixel, a label would be on it, and jump to the other side and back
    x1, y1, x2, y2 = (float(side) for side in (*np.floor(box[:2]), *np.ceil(box[2:])))
    lefts = (x1, x2 - label_width, (x1 + x2 - label_width) / 2)
    tops = (y1 - label_height, y2 + 1, y1 - 2 * label_height, y2 + 1 + label_height)
    corners = [(left, top) for top in tops for left in lefts]
    corners += [(x2 + 1, y1), (x1 - label_width, y1), (x1, y1), (x1, y2 - label_height)]
    found = np.rint(np.array(corners, np.float32))
    found = np.clip(found, 0, [max(0, width - label_width), max(0, height - label_height)])
    size = np.array([label_width, label_height], np.float32)
    places = np.concatenate([found, found + size], axis=1).astype(np.float32)
    cost = 4 * intersection(places, taken).sum(axis=1) + intersection(places, faces).sum(axis=1)
    return np.asarray(places[int(cost.argmin())], np.float32)
