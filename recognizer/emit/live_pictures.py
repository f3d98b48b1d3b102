"""Labelled pictures for viewers: drawn and encoded when somebody asks, once for all who ask, on a thread of their own.

The emitting thread only leaves the newest result here. What nobody asks for is never drawn.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from recognizer.emit.base import BaseSink
from recognizer.emit.overlay import draw
from recognizer.errors import OutputError
from recognizer.priority import give_way
from recognizer.types import U8, FrameResult, PictureNeed

WIDTHS_PX = (320, 640, 1280, 1920, 3840)
"""A wanted width is rounded up to one of these, so that many viewers share few pictures; never above the frame's."""
INTERVAL_S = 0.1
"""At most ten pictures a second of each source and width."""
WATCHED_S = 2.0
"""So long after the last request a source counts as watched; a viewer asks for a picture a second or more."""
_QUALITY = 80
"""Of the JPEG, in percent."""
_LEAVE_S = 0.5

Key = tuple[str, int]
"""Source, and width in px."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPicture:
    """A picture for viewers."""

    number: int
    """Counts the source's results."""
    captured_at: float
    """Seconds, the clock of ``Frame.captured_at``."""
    width: int
    """px."""
    height: int
    jpeg: bytes


@dataclass(slots=True)
class _Newest:
    result: FrameResult | None = None
    """``None`` while its picture stays in another process."""
    number: int = 0


@dataclass(slots=True)
class _Made:
    picture: LabelledPicture | None = None
    began_at: float = -1e9
    error: str | None = None
    """Why the newest picture could not be made."""


class LivePictures(BaseSink):
    """Holds the newest result of each source, and makes pictures of it for those who ask.

    Args:
        interval_s: least time between two pictures of the same source and width.
    """

    def __init__(self, *, interval_s: float = INTERVAL_S) -> None:
        self.encoded = 0
        """Pictures that were encoded."""
        self._interval_s = interval_s
        self._changed = threading.Condition()
        self._newest: dict[str, _Newest] = {}
        self._asked_at: dict[str, float] = {}
        self._waiting: Counter[Key] = Counter()
        """How many wait for each picture."""
        self._made: dict[Key, _Made] = {}
        self._closed = False
        self._thread: threading.Thread | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the thread; those who wait get nothing."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_LEAVE_S)

    def __enter__(self) -> Self:
        """Start nothing: the thread starts with the first viewer."""
        self._closed = False
        return self

    def emit(self, result: FrameResult) -> None:
        """Keep the result in place of the one before."""
        source = result.frame.source
        with self._changed:
            number = self._newest[source].number + 1 if source in self._newest else 1
            self._newest[source] = _Newest(result if result.frame.has_picture else None, number)
            if self._waiting:
                self._changed.notify_all()

    def picture_need(self, source: str) -> PictureNeed:
        """Every picture, while somebody watches."""
        asked_at = self._asked_at.get(source, -np.inf)
        return PictureNeed.ALL if time.monotonic() - asked_at < WATCHED_S else PictureNeed.NONE

    def picture(
        self, source: str, *, width_px: int, after: int | None = None, wait_s: float = 1.0
    ) -> LabelledPicture | None:
        """Return a labelled picture of a source; any thread may call.

        Args:
            source: its name.
            width_px: wanted width, px; see ``WIDTHS_PX``.
            after: number of the picture that the caller has: another one is waited for.
            wait_s: longest wait.

        Returns:
            The newest picture, ``None`` if there was none in time.

        Raises:
            OutputError: if the picture cannot be encoded.
        """
        deadline = time.monotonic() + wait_s
        key = (source, rounded_width(width_px))
        with self._changed:
            self._start()
            self._asked_at[source] = time.monotonic()
            self._waiting[key] += 1
            self._changed.notify_all()
            try:
                while True:
                    made, newest = self._made.get(key), self._newest.get(source)
                    if made is not None and newest is not None and self._is_good(made, newest, after):
                        if made.error is not None:
                            raise OutputError(made.error)
                        return made.picture
                    left = deadline - time.monotonic()
                    if left <= 0 or self._closed:
                        return None
                    self._changed.wait(left)
            finally:
                self._waiting[key] -= 1
                self._waiting += Counter()  # drops the keys that nobody waits for

    def _is_good(self, made: _Made, newest: _Newest, after: int | None) -> bool:
        """Whether a picture serves a caller: it is new to them, and as new as the interval allows."""
        if made.picture is None:
            return made.error is not None
        if made.picture.number == after or newest.result is None:
            return False
        return made.picture.number == newest.number or time.monotonic() - made.began_at < self._interval_s

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="live pictures", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        give_way()
        while True:
            with self._changed:
                while (due := self._next()) is None or isinstance(due, float):
                    if self._closed:
                        return
                    self._changed.wait(due)
                key, newest = due
                result = newest.result
                if result is None:
                    continue
                made = self._made.setdefault(key, _Made())
                made.began_at = time.monotonic()
            picture, error = None, None
            try:
                picture = encode(result, number=newest.number, width_px=key[1])
            except (cv2.error, OutputError, MemoryError) as failure:
                error = f"the picture of {key[0]} cannot be encoded: {failure}"
            with self._changed:
                made.picture, made.error = picture, error
                self.encoded += picture is not None
                self._changed.notify_all()

    def _next(self) -> tuple[Key, _Newest] | float | None:
        """What to encode now; else how long nothing is due, s; ``None``: until somebody asks or a frame comes."""
        soonest: float | None = None
        now = time.monotonic()
        for key in self._waiting:
            newest, made = self._newest.get(key[0]), self._made.get(key)
            if (
                newest is None
                or newest.result is None
                or (made and made.picture and made.picture.number == newest.number)
            ):
                continue
            wait_s = made.began_at + self._interval_s - now if made else 0.0
            if wait_s <= 0:
                return key, newest
            soonest = wait_s if soonest is None else min(soonest, wait_s)
        return soonest


def rounded_width(width_px: int) -> int:
    """Return the width in ``WIDTHS_PX`` that serves a wanted one."""
    return next((width for width in WIDTHS_PX if width >= width_px), WIDTHS_PX[-1])


def encode(result: FrameResult, *, number: int, width_px: int) -> LabelledPicture:
    """Draw a result at a width and encode it; labels are drawn after scaling, so that they stay legible.

    Raises:
        OutputError: if it cannot be encoded.
    """
    image, tracks = result.frame.image, result.tracks
    scale = width_px / image.shape[1]
    if scale < 1:
        size = (width_px, max(1, round(image.shape[0] * scale)))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        tracks = replace(tracks, boxes=np.asarray(tracks.boxes * scale, np.float32))
    jpeg = encode_jpeg(draw(image, tracks, result.identities))
    return LabelledPicture(number, result.frame.captured_at, image.shape[1], image.shape[0], jpeg)


def encode_jpeg(image: U8) -> bytes:
    """Encode an (H, W, 3) uint8 BGR picture.

    Raises:
        OutputError: if it cannot be encoded.
    """
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise OutputError("a picture cannot be encoded as JPEG")
    return bytes(data)
