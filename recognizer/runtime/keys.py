"""What the keys of the window do: p pauses, s saves a picture, e enrols the largest face that has no name."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from loguru import logger

from recognizer.emit.base import BaseSink
from recognizer.emit.several import file_name
from recognizer.errors import GalleryError
from recognizer.gallery.names import person_name
from recognizer.geometry import area
from recognizer.types import U8, FrameResult, Status
from recognizer.whole_files import whole_file

_AROUND = 0.6
"""Share of a face's sides that is kept around it in its photo, for the detector to find it again."""


def ask_at_terminal(question: str) -> str | None:
    """Return a typed line; ``None`` without a terminal."""
    if not sys.stdin.isatty():
        logger.warning("keys: a name is typed in the terminal, there is none")
        return None
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline()


class Keys(BaseSink):
    """Act on keys with the newest results: a sink, and the window's ``on_key``.

    Args:
        gallery: Where photos of new people go; whoever watches it enrols them.
        snapshots: Folder of saved pictures.
        render: draws the labelled picture of a result.
        ask: Gets a name from a person; waited for on a thread of its own.
    """

    def __init__(
        self,
        *,
        gallery: Path,
        snapshots: Path,
        render: Callable[[FrameResult], U8],
        ask: Callable[[str], str | None] = ask_at_terminal,
    ) -> None:
        self.paused = False
        """Frames wait, or are dropped, until the key is pressed again."""
        self._gallery = gallery
        self._snapshots = snapshots
        self._render = render
        self._ask = ask
        self._newest: dict[str, FrameResult] = {}
        self._asking: threading.Thread | None = None

    def emit(self, result: FrameResult) -> None:
        """Remember the newest result of each source."""
        self._newest = {**self._newest, result.frame.source: result}

    def press(self, key: str) -> None:
        """Do what the key stands for; never waits for anybody."""
        if key in "pP":
            self.paused = not self.paused
            logger.info("paused" if self.paused else "going on")
        elif key in "sS":
            for result in self._newest.values():
                self._save(self._snapshots / f"{_stamped(result)}.jpg", self._render(result))
        elif key in "eE" and (self._asking is None or not self._asking.is_alive()):
            self._asking = threading.Thread(target=self._enrol, name="ask", daemon=True)
            self._asking.start()

    def _enrol(self) -> None:
        found = self._largest_nameless()
        if found is None:
            logger.info("keys: there is no face without a name to enrol")
            return
        result, photo = found
        typed = self._ask("Name of the largest unknown face (empty: nobody): ")
        if typed is None or not typed.strip():
            return
        try:
            name = person_name(typed)
        except GalleryError as error:
            logger.warning("{}", error)
            return
        self._save(self._gallery / name / f"{_stamped(result)}.jpg", photo)

    def _largest_nameless(self) -> tuple[FrameResult, U8] | None:
        best: tuple[float, FrameResult, U8] | None = None
        for result in self._newest.values():
            sizes = area(result.tracks.boxes)
            for row, identity in enumerate(result.identities):
                if identity.status is not Status.KNOWN and (best is None or sizes[row] > best[0]):
                    best = (float(sizes[row]), result, _around(result, row))
        return best[1:] if best else None

    def _save(self, path: Path, image: U8) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])
            if not done:
                raise OSError("the picture cannot be encoded")
            with whole_file(path) as part:  # the gallery's watcher reads it as soon as it is there
                part.write_bytes(data.tobytes())
        except OSError as error:
            logger.error("keys: {} cannot be written: {}", path, error.strerror or error)
        else:
            logger.info("saved {}", path)


def _around(result: FrameResult, row: int) -> U8:
    x1, y1, x2, y2 = result.tracks.boxes[row]
    more = np.array([x1 - x2, y1 - y2, x2 - x1, y2 - y1]) * _AROUND
    height, width = result.frame.height, result.frame.width
    left, top, right, bottom = np.clip(result.tracks.boxes[row] + more, 0, [width, height, width, height]).astype(int)
    return np.ascontiguousarray(result.frame.image[top:bottom, left:right])


def _stamped(result: FrameResult) -> str:
    return f"{file_name(result.frame.source)}-{time.strftime('%Y%m%d-%H%M%S')}-{result.frame.index}"
