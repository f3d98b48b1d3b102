"""The pictures of an animation (GIF, APNG, WebP), one after the other, within the budget of one picture each.

Runs in the child. An animation stays open between requests, as each of its pictures is laid over those before it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PIL import Image

from recognizer.capture.guarded.budget import MEMORY_BYTES, amount, required_for_webp
from recognizer.capture.guarded.pixels import Decoded, one_decoded
from recognizer.errors import PictureSizeError, one_picture

FORMATS = ("GIF", "PNG", "WEBP")
_HEAD_BYTES = 30
_REMEDY = "export the animation again"


class OpenAnimation:
    """The animation that was requested last."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._picture: Image.Image | None = None

    def count(self, path: Path) -> int:
        """How many pictures a file holds.

        Raises:
            ImageError: no animation, damaged, or too large to open.
        """
        try:
            with one_picture("", "the animation's header is damaged", _REMEDY):
                return int(getattr(self._open(path), "n_frames", 1))
        finally:
            self.close()  # its memory counts

    def picture(self, path: Path, index: int, *, max_pixels: int | None) -> Decoded:
        """Decode one picture; its note is the time for which it is shown, ms, 0 where the file does not say.

        Args:
            path: of the file.
            index: of the picture, from 0; the one after the last one requested is the cheapest.
            max_pixels: largest width times height.

        Raises:
            ImageError: damaged or too large.
        """
        with one_picture("", f"picture {index + 1} is damaged", _REMEDY):
            if self._picture is None or path != self._path or index < self._picture.tell():
                self._open(path)
            if (picture := self._picture) is None:
                raise ValueError("it is closed")
            _require_size(picture, max_pixels)
            picture.seek(index)
            picture.load()
            _require_size(picture, max_pixels)  # a frame of a GIF may be larger than its canvas
            return replace(one_decoded(picture), note=str(round(float(picture.info.get("duration") or 0))))

    def close(self) -> None:
        """Close the file."""
        if self._picture is not None:
            self._picture.close()
        self._path = self._picture = None

    def _open(self, path: Path) -> Image.Image:
        self.close()
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        if head[8:12] == b"WEBP" and (needed := required_for_webp(head)) > MEMORY_BYTES:
            raise PictureSizeError(
                f": its pictures need {amount(needed)}, wanted at most {amount(MEMORY_BYTES)}; scale them down."
            )
        self._picture, self._path = Image.open(path, formats=FORMATS), path
        return self._picture


def _require_size(picture: Image.Image, max_pixels: int | None) -> None:
    width, height = picture.size
    if max_pixels and width * height > max_pixels:
        raise PictureSizeError(
            f": wanted pictures of at most {max_pixels:,} pixels, got {width} x {height}; scale them down."
        )
