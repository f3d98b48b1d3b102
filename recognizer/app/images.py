"""Turn what callers have - a path, bytes, a Pillow picture, an array - into the BGR array that everything takes."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from recognizer.capture.guarded.parent import Picture
from recognizer.capture.paths import picture_path
from recognizer.capture.pictures import PICTURE_SUFFIXES, decode_scaled, ending_of, read_scaled
from recognizer.gallery.intake import NewPhoto
from recognizer.types import U8

ImageLike = str | Path | bytes | Image.Image | NDArray[np.uint8]
"""A picture file's path or content, a Pillow picture, or an (H, W, 3) uint8 array."""
Colour = Literal["bgr", "rgb"]
"""Order of an array's channels."""
COLOURS: tuple[Colour, ...] = ("bgr", "rgb")


def as_bgr(image: ImageLike, *, colour: Colour = "bgr") -> U8:
    """Read a picture of any accepted kind.

    Args:
        image: a path, the bytes of a picture file, a Pillow picture, or an array.
        colour: order of the channels of an array, which cannot say it itself.

    Returns:
        (H, W, 3) uint8 BGR, upright as EXIF says; transparent pictures lie on white. An array is not copied where its
        order is BGR.

    Raises:
        ImageError: if a file is missing, damaged, too large or no picture.
        TypeError: if ``image`` is of another kind.
        ValueError: if an array is not (H, W, 3) uint8.
    """
    return as_picture(image, colour=colour).image


def as_picture(image: ImageLike, *, colour: Colour = "bgr") -> Picture:
    """Read a picture as ``as_bgr``, and say by how much the sides of a very large one were divided."""
    if isinstance(image, str | Path):
        return read_scaled(picture_path(image))
    if isinstance(image, bytes | bytearray | memoryview):
        return decode_scaled(bytes(image), name=f"picture of {len(image)} bytes")
    if isinstance(image, Image.Image):
        return Picture(_from_pillow(image))
    if not isinstance(image, np.ndarray):
        raise TypeError(
            f"wanted a picture as a path, bytes, PIL.Image.Image or NumPy array, got {type(image).__name__}."
        )
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"wanted a picture of shape (H, W, 3) uint8, got {image.shape} {image.dtype}.")
    return Picture(np.ascontiguousarray(image if colour == "bgr" else image[:, :, ::-1]))


def as_photo(image: ImageLike, *, colour: Colour = "bgr") -> NewPhoto:
    """Make a picture of any accepted kind a file for the gallery; files keep their bytes, others become PNG.

    Raises:
        ImageError, TypeError, ValueError: as ``as_bgr``.
    """
    picture = as_bgr(image, colour=colour)
    if isinstance(image, str | Path):
        path = picture_path(image)
        data, name = path.read_bytes(), path.name.lstrip(".")
        return NewPhoto(data, name if path.suffix.lower() in PICTURE_SUFFIXES else _name_by_content(data))
    if isinstance(image, bytes | bytearray | memoryview):
        return NewPhoto(bytes(image), _name_by_content(bytes(image)))
    file = BytesIO()
    Image.fromarray(np.ascontiguousarray(picture[:, :, ::-1])).save(file, format="PNG")
    return NewPhoto(file.getvalue(), _name_by_content(file.getvalue()))


def name_of(image: ImageLike, number: int = 1) -> str:
    """What messages call a picture: its path, or its number among those given."""
    return str(picture_path(image)) if isinstance(image, str | Path) else f"picture {number}"


def _name_by_content(data: bytes) -> str:
    return f"{hashlib.sha256(data).hexdigest()[:12]}{ending_of(data)}"


def _from_pillow(picture: Image.Image) -> U8:
    picture = ImageOps.exif_transpose(picture)
    if picture.has_transparency_data:
        seen = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", seen.size, (255, 255, 255, 255)), seen)
    return np.ascontiguousarray(np.asarray(picture.convert("RGB"), np.uint8)[:, :, ::-1])
