"""A camera with two streams: faces are found in the small one, and embedded from the large one at the same moment."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from loguru import logger

from recognizer.capture.adjust import AS_IT_IS, Adjustment
from recognizer.capture.demand import Demand
from recognizer.capture.live import LiveSource
from recognizer.capture.source_wrapper import SourceWrapper
from recognizer.priority import give_way
from recognizer.protocols import FrameSource
from recognizer.types import Frame, SourceState

MOST_SKEW_S = 0.045
"""Pictures further apart show a face at another place. At 25 frames a second the nearest is at most 0.02 s away; if
it is not decoded yet, its neighbour is 0.04 s away."""
CLOCKS_DIFFER_S = 1.0
"""Two streams of one camera arrive within a second of each other; where their own clocks say otherwise, these lie."""
WAITS_S = 0.03
"""Longest wait of a small picture for the large one of its moment, which takes longer to send and to decode."""
_PICTURES = 8
"""Large pictures that are kept: 25 MB of 1080p."""
_JOIN_S = 0.5
_UNLIKE_IN_A_ROW = 20
_MISSED_IN_A_ROW = 20
"""Requests without a picture of their moment while pictures come: 2 s and more."""
_COMES_S = 0.1
"""Pictures come: the newest one arrived so short before or after the frame."""


class LargeStream:
    """Reads the large stream in a thread of its own, and keeps its newest pictures.

    Args:
        source: the large stream.
        demand: says when its pictures are wanted.
        name: of the camera, for messages.
        adjustment: what is done to each picture.
    """

    def __init__(self, source: LiveSource, demand: Demand, *, name: str, adjustment: Adjustment = AS_IT_IS) -> None:
        self._source, self._demand, self._name, self._adjustment = source, demand, name, adjustment
        self._pictures: deque[Frame] = deque(maxlen=_PICTURES)
        self._arrived = threading.Condition()
        self._thread: threading.Thread | None = None
        self._problem: str | None = None
        self._missed = self._unlike = 0
        self._state = SourceState.OPEN

    def start(self) -> None:
        """Begin to read."""
        self._source.__enter__()
        self._thread = threading.Thread(target=self._read, name=f"main stream of {self._name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ask the thread to end."""
        self._source.close()

    def stop(self) -> None:
        """Let the thread end; it may hang in a time-out of the network for a while."""
        self.close()
        if self._thread is not None:
            self._thread.join(_JOIN_S)

    def wait_for(self, frame: Frame) -> None:
        """While pictures are wanted, wait a moment until that of a frame's time is there."""
        if not self._demand.is_on or self._state is not SourceState.LIVE:
            return
        with self._arrived:
            self._arrived.wait_for(
                lambda: bool(self._pictures) and skew_s(self._pictures[-1], frame) > -MOST_SKEW_S / 2, WAITS_S
            )

    def find(self, frame: Frame, ids: Sequence[int]) -> tuple[Frame, float] | None:
        """Return the picture nearest to a frame, adjusted, and its skew; see ``recognizer.types.frame.Larger``."""
        self._demand.ask(ids)
        self._follow_state()
        with self._arrived:
            near = min(self._pictures, key=lambda picture: abs(skew_s(picture, frame)), default=None)
        if near is None or abs(skew_s(near, frame)) > MOST_SKEW_S:
            self._miss(frame)
            return None
        self._missed = 0
        skew = skew_s(near, frame)
        if self._adjustment != AS_IT_IS:
            near = replace(near, picture=self._adjustment.apply(near.image))
        return near, skew

    def compared(self, alike: int, unlike: int) -> None:
        """Take how many faces looked the same in both streams, and how many did not."""
        self._unlike = 0 if alike else self._unlike + unlike
        if alike:
            self._tell(None)
        elif self._unlike >= _UNLIKE_IN_A_ROW:
            self._tell("the pictures of location and detect_location do not show the same; check both addresses")

    def _read(self) -> None:
        give_way()
        for frame in self._source:
            with self._arrived:
                self._pictures.append(frame)
                self._arrived.notify_all()

    def _follow_state(self) -> None:
        for change in self._source.state_changes():
            self._state = change.state
            if change.state in (SourceState.LOST, SourceState.STALLED):
                with self._arrived:
                    self._pictures.clear()
                self._tell("the main stream is down")

    def _miss(self, frame: Frame) -> None:
        """Count a request without a picture, if pictures come: between key frames often none is decoded."""
        with self._arrived:
            newest = self._pictures[-1] if self._pictures else None
        if newest is None or abs(newest.captured_at - frame.captured_at) > _COMES_S:
            return
        self._missed += 1
        if self._missed >= _MISSED_IN_A_ROW:
            off_ms = 1000 * skew_s(newest, frame)
            self._tell(
                f"the main stream's pictures are of another moment ({off_ms:+.0f} ms, wanted at most "
                f"{1000 * MOST_SKEW_S:.0f} ms)"
            )

    def _tell(self, problem: str | None) -> None:
        """Say a problem once, and when it is over."""
        if problem is None and self._problem is not None:
            logger.info("{}: faces are embedded from the main stream again", self._name)
        elif problem is not None and (self._problem is None or self._problem.split("(")[0] != problem.split("(")[0]):
            logger.warning("{}: {}; recognition goes on with detect_location alone", self._name, problem)
        self._problem = problem


class TwoStreams(SourceWrapper):
    """The frames of the small stream, each with access to the large one.

    Args:
        source: the small stream; the camera's name, states and frame rate are its.
        large: the large stream.
    """

    def __init__(self, source: FrameSource, large: LargeStream) -> None:
        super().__init__(source)
        self._large = large

    def __enter__(self) -> Self:
        """Open both."""
        super().__enter__()
        self._large.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close both."""
        self._large.stop()
        super().__exit__(kind, error, trace)

    def close(self) -> None:
        """Ask both to end."""
        self._large.close()
        super().close()

    def __iter__(self) -> Iterator[Frame]:
        """Yield the small pictures."""
        for frame in self.source:
            self._large.wait_for(frame)
            yield replace(frame, larger=_Moment(self._large, frame))


@dataclass(frozen=True, slots=True)
class _Moment:
    """See ``recognizer.types.frame.Larger``."""

    large: LargeStream
    frame: Frame

    def find(self, ids: Sequence[int]) -> tuple[Frame, float] | None:
        return self.large.find(self.frame, ids)

    def compared(self, *, alike: int, unlike: int) -> None:
        self.large.compared(alike, unlike)


def skew_s(picture: Frame, frame: Frame) -> float:
    """Return a picture's time less a frame's, s: by the camera's clock, or by when they arrived."""
    arrived = picture.captured_at - frame.captured_at
    if picture.camera_at is None or frame.camera_at is None:
        return arrived
    taken = picture.camera_at - frame.camera_at
    return taken if abs(taken - arrived) < CLOCKS_DIFFER_S else arrived
