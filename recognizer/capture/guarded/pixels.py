"""Decode one picture with Pillow, within a budget, and hand it out as rows of BGR.

Pillow reads the header first and stops there, so that what a picture needs is known before it is taken. Pixels are
converted some rows at a time: besides Pillow's own copy, no second one of the whole picture exists here. NumPy is
imported only for pictures deeper than 8 bits: importing it would double the time in which the child starts.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from PIL import Image, JpegImagePlugin, PngImagePlugin, UnidentifiedImageError

from recognizer.capture.guarded.budget import (
    FACTORS,
    IMAGE_BYTES,
    MEMORY_BYTES,
    ORIENTATION,
    TooCostlyError,
    amount,
    required,
    required_for_webp,
)
from recognizer.errors import ImageError, PictureSizeError, one_picture

_FORMATS = (
    JpegImagePlugin.JpegImageFile.format,
    PngImagePlugin.PngImageFile.format,
    *("WEBP", "BMP", "TIFF", "GIF", "PPM", "AVIF"),
)
"""Formats that Pillow may try. Others are not tried: EPS, for one, would start Ghostscript."""
_BAND_BYTES = 1 << 20
_HEAD_BYTES = 30

MAX_MISSING = 0.1
"""Share of a JPEG's rows that may be missing at its end. Browsers, OpenCV and FFmpeg show any; a face may be gone."""
_REMEDY = "copy or export it again"

_START_OF_SCAN, _END_OF_JPEG = b"\xff\xda", b"\xff\xd9"
_ENOUGH_SCANS = 6
"""Of a progressive JPEG: before the sixth of its ten, libjpeg has sent every coefficient of the brightness, without
the lowest two bits (jcparam.c, ``jpeg_simple_progression``)."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What brings a picture upright, by the value of its EXIF orientation (TIFF 6.0, tag 274)."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded picture, upright."""

    width: int
    height: int
    factor: int
    """By how much its sides were divided."""
    note: str
    """What is wrong with it that does not prevent its use; empty for most."""
    rows: Iterator[bytes]
    """(height, width, 3) uint8 BGR in several parts; the file is not needed for them any more."""


def decode(file: IO[bytes], name: str, *, max_pixels: int | None = None, size: int, held: int = 0) -> Decoded:
    """Decode a picture file; of an animation, the first picture.

    Args:
        file: the whole file, at its beginning.
        name: what messages call it.
        max_pixels: largest width times height by the header.
        size: of the file, bytes.
        held: bytes of it that are in memory until the picture is loaded.

    Raises:
        ImageError: empty, damaged, too large, or no picture.
    """
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    if not head:
        raise ImageError(f"{name}: wanted a picture, the file is empty; copy it again.")
    try:
        with one_picture(name, "the picture is damaged", _REMEDY):
            return _decode(file, head, name, max_pixels, size, held)
    except ImageError as error:
        if isinstance(error.__cause__, TooCostlyError):
            need = amount(error.__cause__.args[0])
            limit = amount(MEMORY_BYTES)
            raise PictureSizeError(
                f"{name}: needs {need} to decode, at most {limit} are allowed; save it smaller."
            ) from None
        raise


def one_decoded(picture: Image.Image) -> Decoded:
    """Hand out a picture that is loaded already, and stays as it is."""
    method = _TURNS.get(_orientation(picture))
    shown = picture if method is None else picture.transpose(method)
    return Decoded(shown.width, shown.height, 1, "", _rows(shown, 1))


def _decode(file: IO[bytes], head: bytes, name: str, max_pixels: int | None, size: int, held: int) -> Decoded:
    if head[8:12] == b"WEBP" and (need := required_for_webp(head)) > MEMORY_BYTES:
        raise TooCostlyError(need)
    with one_picture(name, "the picture's header is damaged", _REMEDY):
        picture: Image.Image = _open(file, head, name)
    width, height = picture.size
    if max_pixels and width * height > max_pixels:
        raise PictureSizeError(
            f"{name}: wanted a picture of at most {max_pixels:,} pixels, its header says {width} x {height} pixels; "
            "scale it down."
        )
    if width < 1 or height < 1:
        raise ImageError(f"{name}: wanted a picture, got one of {width} x {height} pixels.")
    kind, factor, notes = picture.format, _factor(picture, size, held), []
    with one_picture(name, f"the {kind} picture is damaged or cut off", _REMEDY):
        try:
            picture, damage = _loaded(picture, factor), None
        except OSError as error:
            damage = error.with_traceback(None)  # whose frames hold the picture's memory
        if damage:
            file.seek(0)
            del picture
            found = _without_its_end(file.read(), factor) if kind == "JPEG" else None
            if found is None:
                raise damage
            picture, note = found
            notes.append(note)
        picture = _upright(picture)
        left = 1 if kind == "JPEG" else factor
        out_width, out_height = (-(-side // left) for side in picture.size)
        if factor > 1:
            notes.append(
                f"its {width} x {height} pixels are too many; it is read at 1/{factor} of its width and height."
            )
        return Decoded(out_width, out_height, factor, " ".join(notes), _rows(picture, left))


def _open(file: IO[bytes], head: bytes, name: str) -> Image.Image:
    try:
        if not head.startswith((b"\xff\xd8", b"\x89PNG")):
            _import_plugins()
        return Image.open(file, formats=_FORMATS)
    except UnidentifiedImageError:
        raise ImageError(f"{name}: wanted a picture, {_guess(head)}") from None


def _import_plugins() -> None:
    """Import the plugins of ``_FORMATS`` alone; Pillow would import all it has."""
    from PIL import AvifImagePlugin, BmpImagePlugin, GifImagePlugin, PpmImagePlugin, TiffImagePlugin, WebPImagePlugin

    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # each takes memory of its own
    del BmpImagePlugin, GifImagePlugin, PpmImagePlugin, TiffImagePlugin, WebPImagePlugin


def _factor(picture: Image.Image, size: int, held: int) -> int:
    """By how much the sides have to be divided; raises ``TooCostlyError`` where nothing helps."""
    turned = picture.format in {"JPEG", "TIFF"} and _orientation(picture) in _TURNS
    for factor in FACTORS:
        need = required(picture, file_bytes=size, held=held, factor=factor, turned=turned)
        out = -(-picture.width // factor) * -(-picture.height // factor) * 3
        if need <= MEMORY_BYTES and out <= IMAGE_BYTES:
            return factor
    raise TooCostlyError(required(picture, file_bytes=size, held=held, factor=1, turned=turned))


def _loaded(picture: Image.Image, factor: int) -> Image.Image:
    if factor > 1 and picture.format == "JPEG":
        picture.draft(None, (max(1, picture.width // factor), max(1, picture.height // factor)))
    picture.load()
    with suppress(AttributeError):
        picture._decoder = None  # type: ignore[attr-defined]  # libwebp's two canvases
    return picture


def _without_its_end(data: bytes, factor: int) -> tuple[Image.Image, str] | None:
    """Read a JPEG that is cut off near its end, and say what is missing; ``None`` when that is too much.

    The decoder fills what is missing with the last colour it knew: rows at the bottom that are one colour.
    """
    picture: Image.Image = Image.open(io.BytesIO(data + _END_OF_JPEG), formats=("JPEG",))
    picture = _loaded(picture, factor)
    missing = 0
    while missing < picture.height and _is_plain(picture, picture.height - 1 - missing):
        missing += 1
        if missing > MAX_MISSING * picture.height:
            return None
    progressive = "progressive" in picture.info
    if progressive and data.count(_START_OF_SCAN) < _ENOUGH_SCANS:
        return None
    lost = "detail" if progressive else f"at most {missing * factor} of {picture.height * factor} rows"
    return picture, f"the JPEG has no end; it is used, but {lost} may be missing. Copy it again."


def _is_plain(picture: Image.Image, row: int) -> bool:
    """Whether a row has one colour."""
    extrema: Any = picture.crop((0, row, picture.width, row + 1)).getextrema()
    return all(low == high for low, high in (extrema if isinstance(extrema[0], tuple) else (extrema,)))


def _guess(head: bytes) -> str:
    """In words, what a file that is no readable picture seems to be, and what to do."""
    kinds = "jpg, png, webp, bmp, tiff, gif or avif"
    head = head[:16]
    if head[4:8] == b"ftyp" and head[8:12] in {b"heic", b"heix", b"heim", b"heis", b"mif1", b"hevc"}:
        return "got HEIC, which is not read here; convert it to jpg."
    if head[4:8] == b"ftyp" or head[:4] == b"\x1aE\xdf\xa3":
        return "got a video; give the file its ending (.mp4, .mkv), and pass it as --source of run."
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"BM", b"II*\x00", b"MM\x00*", b"GIF8")):
        return "its header is damaged or cut off; copy or export it again."
    if all(byte >= 32 or byte in b"\t\r\n" for byte in head):
        return f"got text; wanted is one of {kinds}."
    return f"got data of an unknown kind; wanted is one of {kinds}."


def _orientation(picture: Image.Image) -> int:
    """What EXIF says; damaged EXIF says nothing."""
    try:
        with one_picture("", "", ""):
            return int(picture.getexif().get(ORIENTATION, 1))
    except ImageError:
        return 1


def _upright(picture: Image.Image) -> Image.Image:
    method = _TURNS.get(_orientation(picture))
    if method is not None:
        picture.im = picture.im.transpose(method)  # in place, as ``ImageOps.exif_transpose`` does it: one copy less
        picture._size = picture.im.size
    return picture


def _rows(picture: Image.Image, factor: int) -> Iterator[bytes]:
    """Convert to BGR, some rows at a time, and make the picture smaller by a factor."""
    deep = picture.mode[0] in "IF"  # I, I;16, I;16B, F: one channel, deeper than 8 bits
    to_eight_bits = _scaler(picture) if deep else None
    alpha = picture.mode in {"RGBA", "LA"} and "transparency" not in picture.info
    for band in _bands(picture, factor):
        if alpha and factor > 1:  # first, as less is left to lay on white then
            band = band.reduce(factor)
        shown = _on_white(band) if to_eight_bits is None else to_eight_bits(band)
        if factor > 1 and not alpha:
            shown = shown.reduce(factor)
        yield shown.convert("RGB").tobytes("raw", "BGR")


def _bands(picture: Image.Image, factor: int = 1) -> Iterator[Image.Image]:
    rows = max(1, _BAND_BYTES // (3 * picture.width * factor)) * factor
    for top in range(0, picture.height, rows):
        yield picture.crop((0, top, picture.width, min(picture.height, top + rows)))


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in picture.info:
        seen = picture.convert("RGBA")
        paper = Image.new("RGBA", seen.size, (255, 255, 255, 255))
        picture = Image.alpha_composite(paper, seen)
    return picture.convert("RGB")


def _scaler(picture: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """Make what scales deep grey levels to 8 bits: by the depth where it is known, else by the largest value."""
    import numpy as np

    if picture.mode.startswith("I;16"):
        top = 65535.0
    else:  # 32-bit integers or floats say nothing of their range
        parts = [np.fmax.reduce(np.asarray(band, np.float32), axis=None) for band in _bands(picture)]
        largest = float(np.fmax.reduce(parts))
        top = next((t for t in (1.0, 255.0, 65535.0) if largest <= t and (t > 1 or picture.mode == "F")), largest)

    def scaled(band: Image.Image) -> Image.Image:
        levels = np.asarray(band).astype(np.float32) * (255.0 / top)
        levels = np.nan_to_num(levels, nan=0.0, posinf=255.0, neginf=0.0)
        return Image.fromarray(np.clip(levels + 0.5, 0, 255).astype(np.uint8))

    return scaled
