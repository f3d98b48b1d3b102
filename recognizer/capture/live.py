"""A camera as a source that never ends: a broken connection is opened again, for months if need be.

A camera that plays something finite, such as a file over HTTP, says when that is over.

The thread that iterates is the only one that touches the camera: FFmpeg and OpenCV crash when another thread closes
what they read. Each attempt opens a new object, as a broken one often stays broken. ``close`` takes effect at the next
frame or time-out.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from typing import Protocol

from loguru import logger

from recognizer.capture.connection import CameraError, ConnectionMonitor, FailureKind
from recognizer.capture.decoder import Picture
from recognizer.capture.endless import EndlessSource
from recognizer.errors import SourceError
from recognizer.types import U8, Frame, SourceChange
from recognizer.types.frame import Decoded

WAITS_S: Mapping[FailureKind, tuple[float, float]] = {
    FailureKind.GONE: (0.25, 2.0),
    FailureKind.REFUSED: (30.0, 30.0),
    FailureKind.WRONG_PLACE: (2.0, 30.0),
}
"""First and longest wait between two attempts, s. To reach a camera that is gone is a refused connection most of the
time and costs little; trying a wrong password often may lock the account."""
_GROWTH = 1.6


TimedFrames = Generator[tuple[float, U8 | Decoded], None, None]
"""When each frame arrived, s of the monotonic clock, and its picture; closing it closes the camera."""


class Camera(Protocol):
    """The camera of a live source: one generator opens, reads and closes it, on one thread."""

    def frames(self, stop: threading.Event) -> TimedFrames:
        """Open, then yield when each frame arrived (monotonic s) and its picture.

        Args:
            stop: Set when no more frames are wanted.

        Raises:
            CameraError: It cannot be opened, or gives no more frames.
        """


class LiveSource(EndlessSource):
    """The frames of a camera; ``Frame.index`` counts what was received.

    Args:
        camera: Where they come from.
        name: Display name, without credentials.
        fixed: A part of this machine: when it is missing at the start, somebody chose the wrong one.
        stall_s: A newest frame older than this counts as a stall.
        waits_s: For each failure the first and the longest wait before the next attempt; it grows in between.
        jitter: A number in [0, 1), so that many cameras of one server do not come at once.
    """

    def __init__(
        self,
        camera: Camera,
        *,
        name: str,
        fixed: bool = False,
        stall_s: float = 1.0,
        waits_s: Mapping[FailureKind, tuple[float, float]] = WAITS_S,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(name)
        self.fixed = fixed
        self._camera = camera
        self._waits_s = waits_s
        self._jitter = jitter
        self._monitor = ConnectionMonitor(name, stall_s=stall_s)

    def state_changes(self) -> list[SourceChange]:
        """Return the changes of state since the last call."""
        return self._monitor.state_changes()

    def require(self) -> None:
        """Make sure that the camera gives pictures now.

        Raises:
            SourceError: It does not.
        """
        try:
            self.first()
        except SourceError as error:
            raise SourceError(
                f"{error}. Pass --source with another camera's number, a video file or an rtsp:// "
                "address; python main.py demo needs no camera; python main.py serve adds cameras on a page."
            ) from None

    def first(self) -> Frame:
        """Open the camera, return its first frame and close it.

        Raises:
            SourceError: It gives none.
        """
        try:
            with closing(self._camera.frames(self._stop)) as frames:
                for at, picture in frames:
                    return Frame(picture, 0, at, self.name)
        except CameraError as error:
            raise SourceError(f"{self.name}: {error.why}") from None
        raise SourceError(f"{self.name}: the stream ended")

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames until closed; failures are reported by ``state_changes``, never raised."""
        index = failures = 0
        self._monitor.opened()
        try:
            while not self._stop.is_set():
                try:
                    with closing(self._camera.frames(self._stop)) as frames:
                        for at, picture in frames:
                            failures = 0
                            self._monitor.frame(at)
                            camera_at = picture.camera_at if isinstance(picture, Picture) else None
                            yield Frame(picture, index, at, self.name, camera_at)
                            index += 1
                            if self._stop.is_set():
                                return
                    why, failure = "the stream ended", FailureKind.GONE
                except CameraError as error:
                    why, failure = error.why, error.failure
                if self._stop.is_set():
                    return
                if failure is FailureKind.FINISHED:
                    logger.info("{}: {}", self.name, why)
                    return
                failures += 1
                self._monitor.lost(why, failure, again=f"at least every {self._waits_s[failure][1]:g} s")
                self._stop.wait(self.wait_s(failure, failures))
        finally:
            self._monitor.closed()

    def wait_s(self, failure: FailureKind, failures: int) -> float:
        """Return the wait before the next attempt, s.

        Args:
            failure: Of the last attempt.
            failures: Attempts that failed one after the other.
        """
        first, longest = self._waits_s[failure]
        return min(longest, first * _GROWTH ** min(failures - 1, 50)) * (0.75 + 0.25 * self._jitter())
