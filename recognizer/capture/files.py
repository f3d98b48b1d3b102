"""Frames from files: a video, a folder of pictures, or one picture. Every frame comes, in order, at its own time."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from loguru import logger

from recognizer.capture.animation import only_first
from recognizer.capture.names import display_name
from recognizer.capture.paths import ignored
from recognizer.capture.pictures import PICTURE_SUFFIXES, read_picture
from recognizer.errors import ImageError, SourceError
from recognizer.types import Frame


class ImageFolder:
    """The pictures of a folder as the frames of a slow video, in natural order: 2.jpg before 10.jpg.

    Args:
        path: The folder; its sub-folders are not read.
        fps: Pictures a second; the default keeps pictures that have nothing to do with one another a second apart.
        max_pixels: Larger pictures count as unreadable.
        name: What to call it; its path by default.
    """

    live = False
    shortfall: str | None = None

    def __init__(self, path: Path, *, fps: float = 1.0, max_pixels: int | None = None, name: str | None = None) -> None:
        if not fps > 0:
            raise ValueError(f"ImageFolder.fps: wanted more than 0, got {fps}.")
        self.name = display_name(str(path)) if name is None else name
        self.frame_rate: float | None = fps
        self.size: tuple[int, int] | None = None
        """Width and height of the newest frame, px."""
        self.frame_count: int | None = None
        self.duration_s: float | None = None
        self.skipped = 0
        """Pictures that could not be read."""
        self._path = path
        self._max_pixels = max_pixels
        self._files: list[Path] = []
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        """List the pictures.

        Raises:
            SourceError: No such folder, or no picture in it.
        """
        try:
            inside = [path for path in self._path.iterdir() if not ignored(path.name)]
        except OSError as error:
            raise SourceError(
                f"{self.name}: wanted a folder of pictures, it cannot be listed: {error.strerror}."
            ) from error
        self._files = sorted((p for p in inside if p.suffix.lower() in PICTURE_SUFFIXES), key=_natural)
        if not self._files:
            endings = " ".join(sorted(PICTURE_SUFFIXES))
            raise SourceError(
                f"{self.name}: wanted a folder of pictures ({endings}), found none among {len(inside)} entries; "
                "sub-folders are not read."
            )
        self.frame_count = len(self._files)
        self.duration_s = len(self._files) / (self.frame_rate or 1.0)
        self.skipped = 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Forget the pictures."""
        self._files = []
        self._stop.clear()

    def close(self) -> None:
        """Ask the iteration to end before the next picture."""
        self._stop.set()

    def __iter__(self) -> Iterator[Frame]:
        """Yield the readable pictures; ``Frame.index`` is the place in the folder.

        Raises:
            SourceError: Not one picture could be read.
        """
        files = self._files
        for index, path in enumerate(files):
            if self._stop.is_set():
                return
            try:
                image = read_picture(path, max_pixels=self._max_pixels)
            except ImageError as error:
                self.skipped += 1
                logger.warning("picture skipped: {}", error)
                continue
            if note := only_first(path):
                logger.info("{}: {}", path, note)
            self.size = (image.shape[1], image.shape[0])
            yield Frame(image, index, index / (self.frame_rate or 1.0), self.name)
        if files and self.skipped == len(files):
            raise SourceError(f"{self.name}: none of its {len(files)} pictures can be read; the log says why.")


class SinglePicture:
    """One picture, as a video of one frame at 0 s."""

    live = False
    shortfall: str | None = None

    def __init__(self, path: Path, *, max_pixels: int | None = None, name: str | None = None) -> None:
        self.name = display_name(str(path)) if name is None else name
        self.frame_rate: float | None = None
        self.size: tuple[int, int] | None = None
        self.frame_count: int | None = 1
        self.duration_s: float | None = 0.0
        self._path = path
        self._max_pixels = max_pixels
        self._image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]] | None = None
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        """Read the picture.

        Raises:
            ImageError: Missing, empty, damaged, too large, or no picture.
        """
        self._image = read_picture(self._path, max_pixels=self._max_pixels)
        self.size = (self._image.shape[1], self._image.shape[0])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Forget the picture."""
        self._image = None
        self._stop.clear()

    def close(self) -> None:
        """Ask the iteration to end."""
        self._stop.set()

    def __iter__(self) -> Iterator[Frame]:
        """Yield the one frame."""
        if self._image is not None and not self._stop.is_set():
            yield Frame(self._image, 0, 0.0, self.name)


def _natural(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """Sort key: runs of digits count as numbers, letters without case; equal ones by the exact name."""
    parts = re.split(r"(\d+)", path.name)
    return [(0, int(p), "") if p.isdecimal() else (1, 0, p.casefold()) for p in parts if p], path.name
