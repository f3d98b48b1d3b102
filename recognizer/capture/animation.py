"""Animated pictures (GIF, APNG, WebP) as videos: every picture at its own time, played once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from loguru import logger
from PIL import Image, ImageOps

from recognizer.capture.guarded.budget import MEMORY_BYTES, amount, required_for_webp
from recognizer.capture.names import display_name
from recognizer.errors import ImageError, SourceError, one_picture
from recognizer.types import U8, Frame

_FORMATS = ("GIF", "PNG", "WEBP")
_SUFFIXES = frozenset({".gif", ".png", ".apng", ".webp"})
_MAX_PIXELS = 2**23
"""4K: the decoder of WebP keeps three pictures of four bytes a pixel, 100 MB."""
_FASTEST_S, _USUAL_S = 0.01, 0.1
"""A picture that is shown for 10 ms or less gets 100 ms, as in Firefox, Chrome and Safari."""


def picture_count(path: Path) -> int:
    """How many pictures an animation holds; 1 for everything else, readable or not."""
    if path.suffix.lower() not in _SUFFIXES or not path.is_file():
        return 1
    try:
        if _opening_bytes(path) > MEMORY_BYTES:
            return 1
        with one_picture("", "", ""), Image.open(path, formats=_FORMATS) as picture:
            return int(getattr(picture, "n_frames", 1))
    except (ImageError, OSError):
        return 1


def _opening_bytes(path: Path) -> int:
    """Estimate what opening the file takes in memory: with WebP the whole canvas, with others next to nothing."""
    with path.open("rb") as file:
        head = file.read(30)
    return required_for_webp(head) if head[8:12] == b"WEBP" else 0


def only_first(path: Path) -> str | None:
    """In words, that an animation's first picture stands for all; ``None`` for a single picture."""
    count = picture_count(path)
    return f"an animation of {count} pictures; only the first is used" if count > 1 else None


class Animation:
    """The pictures of an animated file, as a video.

    Args:
        path: The file.
        max_pixels: Largest width times height that is decoded.
        name: What to call it; its path by default.
    """

    live = False

    def __init__(self, path: Path, *, max_pixels: int, name: str | None = None) -> None:
        self.name = display_name(str(path)) if name is None else name
        self.frame_rate: float | None = None
        """That of the first picture; each has its own time all the same."""
        self.frame_count: int | None = None
        self.size: tuple[int, int] | None = None
        self.shortfall: str | None = None
        """In words, what could not be read."""
        self._path = path
        self._max_pixels = min(max_pixels, _MAX_PIXELS)
        self._picture: Image.Image | None = None
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        """Read the header.

        Raises:
            SourceError: Missing, damaged or too large.
        """
        try:
            if (needed := _opening_bytes(self._path)) > MEMORY_BYTES:
                raise SourceError(
                    f"{self.name}: its pictures need {amount(needed)}, wanted at most {amount(MEMORY_BYTES)}; "
                    "scale them down."
                )
            with one_picture(self.name, "the animation's header is damaged", "copy or export it again"):
                picture = Image.open(self._path, formats=_FORMATS)
        except (ImageError, OSError) as error:
            raise SourceError(str(error)) from error
        width, height = picture.size
        if width * height > self._max_pixels:
            picture.close()
            raise SourceError(
                f"{self.name}: wanted pictures of at most {self._max_pixels:,} pixels, got {width} x {height}; "
                "scale them down."
            )
        self._picture, self.size = picture, (width, height)
        self.frame_count = int(getattr(picture, "n_frames", 1))
        try:
            with one_picture(self.name, "its first picture is damaged", "export the animation again"):
                picture.load()  # WebP says only then how long it is shown
        except ImageError as error:
            self.__exit__(None, None, None)
            raise SourceError(str(error)) from error
        self.frame_rate = 1 / _shown_s(picture)
        self.shortfall = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        if self._picture is not None:
            self._picture.close()
            self._picture = None
        self._stop.clear()

    def close(self) -> None:
        """Ask the iteration to end before the next picture."""
        self._stop.set()

    def __iter__(self) -> Iterator[Frame]:
        """Yield the pictures that can be decoded; the rest is ``shortfall``.

        Raises:
            SourceError: Not one can be decoded.
        """
        at_s = 0.0
        for index in range(self.frame_count or 0):
            if self._stop.is_set() or self._picture is None:
                return
            try:
                with one_picture(self.name, f"picture {index + 1} is damaged", "export the animation again"):
                    self._picture.seek(index)
                    image, shown_s = _bgr(self._picture), _shown_s(self._picture)
            except ImageError as error:
                if index == 0:
                    raise SourceError(str(error)) from error
                self.shortfall = f"{self.name} is damaged: {index} of {self.frame_count} pictures could be read"
                logger.warning(self.shortfall)
                return
            yield Frame(image, index, at_s, self.name)
            at_s += shown_s


def _shown_s(picture: Image.Image) -> float:
    shown_s = float(picture.info.get("duration") or 0) / 1000
    return shown_s if shown_s > _FASTEST_S else _USUAL_S


def _bgr(picture: Image.Image) -> U8:
    """Convert the current picture to (H, W, 3) uint8 BGR, upright, on white."""
    picture.load()
    seen = picture.convert("RGBA")
    seen = Image.alpha_composite(Image.new("RGBA", seen.size, (255, 255, 255, 255)), seen).convert("RGB")
    orientation = picture.getexif().get(0x0112, 1)
    if orientation != 1:
        seen.getexif()[0x0112] = orientation
        seen = ImageOps.exif_transpose(seen)
    return np.ascontiguousarray(np.asarray(seen, np.uint8)[:, :, ::-1])
