"""Read one picture, whatever its kind, as (H, W, 3) BGR: the one door for every picture that somebody else made.

A child process with limits on memory and time decodes (`recognizer.capture.guarded`): whatever a picture does to it is
that picture's. Pillow decodes there, not OpenCV: ``cv2.imdecode`` takes 1.8 GB for a 44-byte PNG whose chunk claims to
be that long.
"""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path

import numpy as np

from recognizer.capture.guarded.parent import Picture, decoder
from recognizer.errors import ImageError
from recognizer.types import U8

PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif", ".ppm", ".pgm"}
    | {".avif"}
)
"""File name endings, in lower case, that are taken for pictures."""

_ENDINGS = (
    (b"\xff\xd8", ".jpeg"),
    (b"\x89PNG", ".png"),
    (b"GIF8", ".gif"),
    (b"BM", ".bmp"),
    (b"RIFF", ".webp"),
    (b"II", ".tiff"),
    (b"MM", ".tiff"),
    (b"P", ".ppm"),
)
"""First bytes of the formats that are read, and an ending for each."""

MAX_PIXELS = 2**26
"""Of a video, 67 million, 8192 x 8192. Of pictures the bytes count that decoding takes (``guarded.budget``)."""


def read_picture(path: Path, *, max_pixels: int | None = None) -> U8:
    """Read a picture file upright; of an animation, the first picture.

    Args:
        path: The file; what it is called does not matter, only what it holds.
        max_pixels: Largest width times height that is decoded; larger ones are refused from their header.

    Returns:
        (H, W, 3) uint8 BGR. Transparent pictures lie on white, 16-bit ones are scaled to 8. A picture of more than 33
        megapixels comes out smaller.

    Raises:
        ImageError: Missing, empty, damaged, no picture, or too costly to decode.
    """
    return read_scaled(path, max_pixels=max_pixels).image


def read_scaled(path: Path, *, max_pixels: int | None = None) -> Picture:
    """Read a picture file as ``read_picture``, and say by how much its sides were divided."""
    try:
        if path.is_dir():
            raise ImageError(f"{path}: wanted a picture, got a folder; pass one of the files in it.")
        if path.exists() and not path.is_file():
            raise ImageError(f"{path}: wanted a picture file, got a device or a pipe.")
        with path.open("rb"):
            payload = os.fsencode(os.path.abspath(path))
    except FileNotFoundError as error:
        raise ImageError(f"{path}: wanted a picture, there is no such file; check the name.") from error
    except PermissionError as error:
        raise ImageError(f"{path}: this picture may not be read; check the file's permissions.") from error
    except (OSError, ValueError) as error:  # a name too long, or with a NUL in it
        raise ImageError(f"{path}: wanted a picture, it cannot be opened ({error}).") from error
    return decoder().decode(payload, has_content=False, name=str(path), max_pixels=max_pixels)


def decode_picture(data: bytes, *, name: str, max_pixels: int | None = None) -> U8:
    """Decode the bytes of a picture file; ``read_picture`` for who has read them already.

    Args:
        data: The whole file.
        name: What messages call it.
        max_pixels: As for ``read_picture``.

    Returns:
        (H, W, 3) uint8 BGR.

    Raises:
        ImageError: Empty, damaged, no picture, or too costly to decode.
    """
    return decode_scaled(data, name=name, max_pixels=max_pixels).image


def decode_scaled(data: bytes, *, name: str, max_pixels: int | None = None) -> Picture:
    """Decode the bytes of a picture file as ``decode_picture``, and say by how much its sides were divided."""
    return decoder().decode(data, has_content=True, name=name, max_pixels=max_pixels)


def ending_of(data: bytes) -> str:
    """An ending for the name of a picture file that could be decoded, by its first bytes."""
    return next((ending for magic, ending in _ENDINGS if data.startswith(magic)), ".avif")


def decode_trusted(data: bytes, *, name: str) -> U8:
    """Decode a picture in this process: for training sets of one's own, whose small pictures cost a child too much.

    Raises:
        ImageError: as ``decode_picture``; only what its header says is held to the limits.
    """
    from recognizer.capture.guarded.pixels import decode  # Pillow, which a recogniser's process does without

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        found = decode(io.BytesIO(data), name, size=len(data))
        pixels = bytearray().join(found.rows)
    return np.frombuffer(pixels, np.uint8).reshape(found.height, found.width, 3)
