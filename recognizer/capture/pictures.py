"""Read one picture, whatever its kind, as (H, W, 3) BGR; refuse what is damaged or would fill the memory.

Pillow decodes, not OpenCV: it reads the header first and stops there, so that a picture's size is known before any
memory is taken. ``cv2.imdecode`` takes 1.8 GB for a 44-byte PNG whose chunk claims to be that long.
"""

from __future__ import annotations

import io
import threading
import warnings
from pathlib import Path
from typing import IO

import numpy as np
from loguru import logger
from PIL import Image, ImageOps, UnidentifiedImageError

from recognizer.errors import ImageError, one_picture
from recognizer.types import U8

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM", "AVIF")
"""What Pillow may try. Others are left out: EPS, for one, would start Ghostscript."""

PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif", ".ppm", ".pgm"}
    | {".avif"}
)
"""File name endings, in lower case, that are taken for pictures."""

MAX_PIXELS = 2**26
"""67 million, 8192 x 8192: twice an 8K picture, and at most half a gigabyte while it is decoded."""

MAX_MISSING = 0.1
"""Share of a JPEG's rows that may be missing at its end. Browsers, OpenCV and FFmpeg show any; a face may be gone."""
_REMEDY = "copy or export it again"

_START_OF_SCAN, _END_OF_JPEG = b"\xff\xda", b"\xff\xd9"
_ENOUGH_SCANS = 6
"""Of a progressive JPEG: before the sixth of its ten, libjpeg has sent every coefficient of the brightness, without
the lowest two bits (jcparam.c, ``jpeg_simple_progression``)."""


class _Quiet:
    """Keeps Pillow's warnings to itself, with several threads inside at once.

    ``warnings.catch_warnings`` alone restores the wrong filters when two threads leave in another order.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._saved = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._saved = warnings.catch_warnings()
                self._saved.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._saved.__exit__(None, None, None)


_quiet = _Quiet()


def read_picture(path: Path, *, max_pixels: int = MAX_PIXELS) -> U8:
    """Read a picture file upright; of an animation, the first picture.

    Args:
        path: The file; what it is called does not matter, only what it holds.
        max_pixels: Largest width times height that is decoded; larger ones are refused from their header.

    Returns:
        (H, W, 3) uint8 BGR. Transparent pictures lie on white, 16-bit ones are scaled to 8.

    Raises:
        ImageError: Missing, empty, damaged, too large, or no picture.
    """
    try:
        if path.is_dir():
            raise ImageError(f"{path}: wanted a picture, got a folder; pass one of the files in it.")
        if path.exists() and not path.is_file():
            raise ImageError(f"{path}: wanted a picture file, got a device or a pipe.")
        with path.open("rb") as file:
            return _decode(file, str(path), max_pixels)
    except FileNotFoundError as error:
        raise ImageError(f"{path}: wanted a picture, there is no such file; check the name.") from error
    except PermissionError as error:
        raise ImageError(f"{path}: this picture may not be read; check the file's permissions.") from error
    except (OSError, ValueError) as error:  # a name too long, or with a NUL in it
        raise ImageError(f"{path}: wanted a picture, it cannot be opened ({error}).") from error


def decode_picture(data: bytes, *, name: str, max_pixels: int = MAX_PIXELS) -> U8:
    """Decode the bytes of a picture file; ``read_picture`` for who has read them already.

    Args:
        data: The whole file.
        name: What messages call it.
        max_pixels: As for ``read_picture``.

    Returns:
        (H, W, 3) uint8 BGR.

    Raises:
        ImageError: Empty, damaged, too large, or no picture.
    """
    return _decode(io.BytesIO(data), name, max_pixels)


def _decode(file: IO[bytes], name: str, max_pixels: int) -> U8:
    head = file.read(16)
    file.seek(0)
    if not head:
        raise ImageError(f"{name}: wanted a picture, the file is empty; copy it again.")
    with _quiet, one_picture(name, "the picture is damaged", _REMEDY):
        try:
            with one_picture(name, "the picture's header is damaged", _REMEDY):
                picture = _open(file, head, name)
            with picture:
                width, height = picture.size
                if width * height > max_pixels:
                    raise ImageError(f"{name}: {_too_large((width, height), max_pixels)}")
                if width < 1 or height < 1:
                    raise ImageError(f"{name}: wanted a picture, got one of {width} x {height} pixels.")
                with one_picture(name, f"the {picture.format} picture is damaged or cut off", _REMEDY):
                    try:
                        return _to_bgr(_upright(picture))
                    except OSError:
                        file.seek(0)
                        if picture.format != "JPEG" or (image := _without_its_end(file.read(), name)) is None:
                            raise
                        return image
        except ImageError as error:
            if isinstance(error.__cause__, Image.DecompressionBombError):
                raise ImageError(f"{name}: {_too_large(None, max_pixels)}") from None
            raise


def _open(file: IO[bytes], head: bytes, name: str) -> Image.Image:
    try:
        return Image.open(file, formats=_FORMATS)
    except UnidentifiedImageError:
        raise ImageError(f"{name}: wanted a picture, {_guess(head)}") from None


def _without_its_end(data: bytes, name: str) -> U8 | None:
    """Read a JPEG that is cut off near its end; ``None`` when too much of it is missing.

    The decoder fills what is missing, (H, W, 3), with the last colour it knew: rows at the bottom that are one colour.
    """
    with Image.open(io.BytesIO(data + _END_OF_JPEG), formats=("JPEG",)) as picture:
        picture.load()
        stored = np.asarray(picture)
        rows = (stored == stored[:, :1]).reshape(len(stored), -1).all(axis=1)
        missing = len(stored) if rows.all() else int(rows[::-1].argmin())
        coarse = "progressive" in picture.info and data.count(_START_OF_SCAN) < _ENOUGH_SCANS
        if coarse or missing > MAX_MISSING * len(stored):
            return None
        lost = "detail" if "progressive" in picture.info else f"at most {missing} of {len(stored)} rows"
        logger.warning("{}: the JPEG has no end; it is used, but {} may be missing. Copy it again.", name, lost)
        return _to_bgr(_upright(picture))


def _guess(head: bytes) -> str:
    """In words, what a file that is no readable picture seems to be, and what to do."""
    kinds = "jpg, png, webp, bmp, tiff, gif or avif"
    if head[4:8] == b"ftyp" and head[8:12] in {b"heic", b"heix", b"heim", b"heis", b"mif1", b"hevc"}:
        return "got HEIC, which is not read here; convert it to jpg."
    if head[4:8] == b"ftyp" or head[:4] == b"\x1aE\xdf\xa3":
        return "got a video; give the file its ending (.mp4, .mkv), and pass it as --source of run."
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"BM", b"II*\x00", b"MM\x00*", b"GIF8")):
        return "its header is damaged or cut off; copy or export it again."
    if all(byte >= 32 or byte in b"\t\r\n" for byte in head):
        return f"got text; wanted is one of {kinds}."
    return f"got data of an unknown kind; wanted is one of {kinds}."


def _too_large(size: tuple[int, int] | None, max_pixels: int) -> str:
    got = f"{size[0]} x {size[1]} pixels" if size else "far more"
    return f"wanted a picture of at most {max_pixels:,} pixels, its header says {got}; scale it down."


def _upright(picture: Image.Image) -> Image.Image:
    """Decode, then turn as EXIF says; damaged EXIF turns nothing."""
    picture.load()
    try:
        with one_picture("", "", ""):
            return ImageOps.exif_transpose(picture)
    except ImageError:
        return picture


def _to_bgr(picture: Image.Image) -> U8:
    mode = picture.mode
    if mode[0] in "IF" and mode != "P":  # I, I;16, I;16B, F: one channel, deeper than 8 bits
        grey = _to_eight_bits(np.asarray(picture), mode)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in picture.info:
        seen = picture.convert("RGBA")
        paper = Image.new("RGBA", seen.size, (255, 255, 255, 255))
        picture = Image.alpha_composite(paper, seen)
    if picture.mode != "RGB":
        picture = picture.convert("RGB")
    data = bytearray(picture.tobytes("raw", "BGR"))
    return np.frombuffer(data, np.uint8).reshape(picture.height, picture.width, 3)


def _to_eight_bits(values: np.ndarray[tuple[int, ...], np.dtype[np.generic]], mode: str) -> U8:
    """Scale deep grey levels to 8 bits: by the depth where it is known, else by the largest value."""
    levels = values.astype(np.float32)
    if mode.startswith("I;16"):
        top = 65535.0
    else:  # 32-bit integers or floats say nothing of their range
        largest = float(np.nanmax(levels))
        top = next((t for t in (1.0, 255.0, 65535.0) if largest <= t and (t > 1 or mode == "F")), largest)
    scaled = np.nan_to_num(levels * (255.0 / top), nan=0.0, posinf=255.0, neginf=0.0)
    return np.asarray(np.clip(scaled + 0.5, 0, 255), np.uint8)
