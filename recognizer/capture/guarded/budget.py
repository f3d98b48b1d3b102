"""What one picture may cost, and what decoding it will cost by its header."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

MEMORY_BYTES = 300_000_000
"""For one picture, of parent and child together; the service's unit allows 1 GB for everything."""
CPU_S = 1.5
"""Processor time to decode one picture. A PNG of 8K takes 0.7 s on the machine of docs/measurements.md."""
WALL_S = 15.0
"""Time to wait for one picture, where the disk or the machine is slow."""
IMAGE_BYTES = 100_000_000
"""Of a decoded picture, (H, W, 3): 7680 x 4320 (8K) and a little more. While faces are searched there are two of it,
the second one turned; larger ones are made smaller."""
FACTORS = (1, 2, 4, 8)
"""By which the sides of a picture that is too large may be divided: those of libjpeg, which then decodes less. A face
that can be recognised stays large enough: it has 20 pixels between its eyes at half the size of its picture's
1,600-pixel copy, in which faces are searched first."""

_STORED = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
"""Bytes of a pixel in Pillow's memory by mode; four in every other."""
_LOADING = {"WEBP": 12, "AVIF": 9, "GIF": 1}
"""Bytes that decoding takes for each pixel besides: two canvases and a copy of libwebp's; planes and a copy of
libavif's; what Pillow's own copy of a frame takes."""
_IN_PYTHON = {"bmp_rle": 4, "ppm": 4, "ppm_plain": 4}
"""The same for what Pillow's decoders in Python collect."""
_WHOLE_FILE = ("WEBP", "AVIF")
"""Formats whose file is read into memory, twice."""
ORIENTATION = 274
LONG_PX = 1 << 18
"""From which a side counts by itself: rows are converted whole, in copies of 4 bytes a pixel; Pillow keeps a pointer to
each."""
_STRIP_ROWS, _TILE_WIDTH, _TILE_HEIGHT, _SAMPLES, _SAMPLE_BITS = 278, 322, 323, 277, 258  # tags of TIFF 6.0


class TooCostlyError(Exception):
    """A picture needs more than ``MEMORY_BYTES``; its argument is the number of bytes."""


def required(picture: Image.Image, *, file_bytes: int, held: int, factor: int, turned: bool) -> int:
    """Estimate the peak of the bytes that a picture takes, parent and child together, before it is decoded.

    Args:
        picture: opened, not loaded.
        file_bytes: size of its file.
        held: bytes of it that are in memory until the picture is loaded.
        factor: by how much its sides are divided.
        turned: whether its EXIF data says that it has to be turned.
    """
    width, height = picture.size
    kept = -(-width // factor) * -(-height // factor)
    loading = width * height * _LOADING.get(picture.format or "", 0)
    stored = width * height * _STORED.get(picture.mode, 4)
    if picture.format == "JPEG":
        stored = kept * _STORED.get(picture.mode, 4)
        loading = _coefficients(picture)
    elif _codec(picture) == "libtiff":
        loading = _strip(picture)
    elif _codec(picture) in _IN_PYTHON:
        loading = width * height * _IN_PYTHON[_codec(picture)]
    if picture.format in _WHOLE_FILE:
        loading += 2 * file_bytes
    stored += 8 * max(0, height - LONG_PX)
    row = 12 * max(0, width * factor - LONG_PX)
    return max(held + stored + loading, held + stored * (2 if turned else 1), stored + 3 * kept + row)


def required_for_webp(head: bytes) -> int:
    """Estimate the same for a WebP picture from its first 30 bytes: opening one takes most of the memory already."""
    width, height = _webp_size(head)
    return width * height * (4 + _LOADING["WEBP"])


def amount(count: int) -> str:
    """Write bytes for people: ``1.9 GB``, ``300 MB``."""
    if count >= 1e12:
        return "more than 1,000 GB"
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _codec(picture: Image.Image) -> str:
    """What Pillow calls the decoder of an opened picture's first part."""
    tiles = getattr(picture, "tile", ())
    return str(tiles[0][0]) if tiles else ""


def _coefficients(picture: Image.Image) -> int:
    """Bytes of what libjpeg keeps of a progressive JPEG: all coefficients, two bytes each; nothing of another."""
    if "progressive" not in picture.info:
        return 0
    layers = getattr(picture, "layer", [])  # identifier, horizontal and vertical sampling, table of each component
    most = max((h * v for _, h, v, *_ in layers), default=1)
    shares = sum(h * v for _, h, v, *_ in layers) / max(1, most) if layers else 4.0
    return int(2 * picture.width * picture.height * shares)


def _strip(picture: Image.Image) -> int:
    """Bytes of one strip or tile of a TIFF, which libtiff decodes at once."""
    tags: Mapping[int, object] = getattr(picture, "tag_v2", {})
    bits = tags.get(_SAMPLE_BITS, (8,))
    depth = max(bits) if isinstance(bits, tuple) else bits
    width = _number(tags.get(_TILE_WIDTH), picture.width)
    height = min(_number(tags.get(_TILE_HEIGHT, tags.get(_STRIP_ROWS)), picture.height), max(picture.height, 1))
    return width * height * _number(tags.get(_SAMPLES), 1) * max(1, _number(depth, 8) // 8)


def _number(value: object, default: int) -> int:
    return value if isinstance(value, int) and value > 0 else default


def _webp_size(head: bytes) -> tuple[int, int]:
    """Width and height as the container specification of WebP places them; 0, 0 for what is none."""
    kind = head[12:16]
    if kind == b"VP8 " and len(head) >= 30:
        return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
    if kind == b"VP8L" and len(head) >= 25:
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X" and len(head) >= 30:
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    return 0, 0
