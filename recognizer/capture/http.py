"""What stands behind an http(s) address: a stream, a file or play list with an end, or a camera's snapshot."""

from __future__ import annotations

import threading
import time

from loguru import logger

from recognizer.capture.connection import CameraError, FailureKind
from recognizer.capture.live import TimedFrames
from recognizer.capture.network import NetworkStream

SNAPSHOT_INTERVAL_S = 1.0
"""Between two requests of a snapshot address. Cameras encode each picture on request, and many take half a second."""
_PICTURE = ("_pipe", "image2")
"""How FFmpeg's names of single pictures end: jpeg_pipe, png_pipe, webp_pipe; image2 where the address ends in .jpg."""
_MISSING_SHARE = 0.02
_MISSING_S = 1.0
"""What may be missing at the end of a file, as for files of this machine: headers are seldom exact."""


class HttpStream:
    """Reads an http(s) address by what it gives: plays to the end once, polls a snapshot, follows a stream.

    Args:
        stream: opens the address.
        name: display name.
        interval_s: from one request of a snapshot to the next, s.
    """

    def __init__(self, stream: NetworkStream, *, name: str, interval_s: float = SNAPSHOT_INTERVAL_S) -> None:
        self._stream = stream
        self._name = name
        self._interval_s = interval_s
        self._polling = False

    def frames(self, stop: threading.Event) -> TimedFrames:
        """Yield pictures of one connection, or of one after the other where each gives a single picture.

        Raises:
            CameraError: ``FINISHED`` at the end of what has one, otherwise as ``NetworkStream``.
        """
        while not stop.is_set():
            due_s = time.monotonic() + self._interval_s
            count = 0
            for timed in self._stream.frames(stop):
                count += 1
                yield timed
            if stop.is_set():
                return
            if not self._stream.format.endswith(_PICTURE):
                self._ended(count)
                return
            if not count:
                raise CameraError("the address gives a picture that cannot be decoded")
            if not self._polling:
                self._polling = True
                logger.info("{}: gives single pictures; it is polled every {:g} s", self._name, self._interval_s)
            stop.wait(max(0.0, due_s - time.monotonic()))

    def _ended(self, count: int) -> None:
        length_s, reached_s = self._stream.length_s, self._stream.reached_s
        if length_s is None:
            return
        if length_s - reached_s <= max(_MISSING_S, _MISSING_SHARE * length_s):
            raise CameraError("it was played to its end", FailureKind.FINISHED)
        part = f"it ended after {reached_s:.1f} of {length_s:.1f} s"
        if count:
            raise CameraError(part)  # the next connection goes on there
        logger.warning("{}: {}; the rest is damaged or missing on the server", self._name, part)
        raise CameraError(part, FailureKind.FINISHED)
