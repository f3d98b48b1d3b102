"""A network stream that is received all the time and decoded when its pictures are wanted."""

from __future__ import annotations

from collections import deque
from typing import Any

import av
import av.container
from av.video.stream import VideoStream

from recognizer.capture.demand import Demand
from recognizer.capture.network import NetworkStream, decoded

KEY_INTERVAL_S = 0.5
"""Least time between two key frames that are decoded for nobody; all frames of MJPEG are such."""
CATCH_UP = 15
"""Most packets that are decoded to catch up; later than so many behind a key frame, the next one is awaited."""
_MOST_BYTES = 32 * 2**20
"""Of packets that are kept since the last key frame; 20 s of a stream of 12 Mbit/s."""
_KEPT = 4
"""Newest pictures of those that were decoded to catch up."""


class OnDemandStream(NetworkStream):
    """Decodes key frames, and between them only what somebody asks for, within a budget.

    What came since the last key frame is kept as it came, and decoded in one go when pictures become wanted.

    Args:
        demand: says when pictures are wanted.
        address: as of ``NetworkStream``.
        options: the same.
    """

    def __init__(self, demand: Demand, address: str, **options: Any) -> None:
        super().__init__(address, **options)
        self._demand = demand
        self._waiting: list[av.Packet[VideoStream]] = []
        self._bytes = 0
        self._has_key = False
        """What waits begins behind a decoded picture, so that it can be decoded."""
        self._key_at = -KEY_INTERVAL_S
        self.received = self.decoded = 0
        """Packets and pictures so far."""

    def _open(self) -> av.container.InputContainer:
        self._forget()  # packets of the connection before mean nothing to this one's decoder
        self._has_key = False
        return super()._open()

    def _decode(self, packet: av.Packet[VideoStream]) -> list[av.VideoFrame] | None:
        self.received += packet.size > 0
        if packet.is_keyframe:
            self._forget()
            now = self._demand.now()
            if not self._demand.is_on and now - self._key_at < KEY_INTERVAL_S:
                self._has_key = False
                return None
            self._key_at, self._has_key = now, True
            return self._counted(decoded(packet))
        if not self._has_key:
            return None
        self._waiting.append(packet)
        self._bytes += packet.size
        if self._bytes > _MOST_BYTES:
            self._forget()
            self._has_key = False
            return None
        if not self._demand.is_on or len(self._waiting) > CATCH_UP or not self._demand.take(len(self._waiting)):
            return None
        newest = deque[av.VideoFrame](maxlen=_KEPT)  # each takes 3 MB at 1080p, and is used again once it is dropped
        for each in self._waiting:
            newest.extend(self._counted(decoded(each)))
        self._forget()
        return list(newest)

    def _counted(self, pictures: list[av.VideoFrame]) -> list[av.VideoFrame]:
        self.decoded += len(pictures)
        return pictures

    def _forget(self) -> None:
        self._waiting.clear()
        self._bytes = 0
