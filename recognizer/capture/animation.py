"""Animated pictures (GIF, APNG, WebP) as videos: every picture at its own time, played once.

A process of its own with limits on memory and time decodes them (`recognizer.capture.guarded`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from loguru import logger

from recognizer.capture.guarded.parent import GuardedDecoder, decoder
from recognizer.capture.names import display_name
from recognizer.errors import ImageError, SourceError
from recognizer.types import U8, Frame

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
        return max(1, decoder().count(path, name=str(path)))
    except ImageError:
        return 1


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
        self._decoder: GuardedDecoder | None = None
        self._first: tuple[U8, float] | None = None
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        """Decode the first picture.

        Raises:
            SourceError: Missing, damaged or too large.
        """
        self._decoder = GuardedDecoder()
        try:
            self.frame_count = self._decoder.count(self._path, name=self.name)
            self._first = image, shown_s = self._shown(self._decoder, 0)
        except ImageError as error:
            self.__exit__(None, None, None)
            raise SourceError(str(error)) from error
        self.size, self.frame_rate, self.shortfall = (image.shape[1], image.shape[0]), 1 / shown_s, None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process that decodes it."""
        if self._decoder is not None:
            self._decoder.close()
        self._decoder = self._first = None
        self._stop.clear()

    @property
    def decoder_pid(self) -> int | None:
        """Number of the process that decodes it, while there is one."""
        return None if self._decoder is None else self._decoder.pid

    def close(self) -> None:
        """Ask the iteration to end before the next picture."""
        self._stop.set()

    def __iter__(self) -> Iterator[Frame]:
        """Yield the pictures that can be decoded; the rest is ``shortfall``."""
        at_s = 0.0
        for index in range(self.frame_count or 0):
            if self._stop.is_set() or self._decoder is None:
                return
            try:
                image, shown_s = self._first if index == 0 and self._first else self._shown(self._decoder, index)
            except ImageError as error:
                self.shortfall = f"{self.name} is damaged: {index} of {self.frame_count} pictures could be read"
                logger.warning("{} ({})", self.shortfall, error)
                return
            yield Frame(image, index, at_s, self.name)
            at_s += shown_s

    def _shown(self, decoder: GuardedDecoder, index: int) -> tuple[U8, float]:
        """Decode a picture, and say how long it is shown."""
        image, shown_ms = decoder.animated(self._path, index, name=self.name, max_pixels=self._max_pixels)
        return image, shown_ms / 1000 if shown_ms / 1000 > _FASTEST_S else _USUAL_S
