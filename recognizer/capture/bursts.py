"""A video of which only parts are decoded: a burst of pictures from a key frame on, where faces are for longer.

A key frame can be decoded by itself; what lies between a burst and the next key frame is read from the disk and not
decoded, which takes about a hundredth of the time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import av.container
from av.video.stream import VideoStream

from recognizer.capture.video import VideoFile

_ROUNDING_S = 1e-3
_PATIENCE = 2
"""A burst that is due waits so many times as long for a key frame: else all since the last one must be decoded."""
_KEPT_BYTES = 64 * 2**20
"""Of packets that are kept since the last key frame; a minute of 8 Mbit/s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bursts:
    """How much of a video is decoded."""

    every_s: float = 2.0
    """Least time from the beginning of one burst to that of the next; where key frames are rarer, twice that."""
    least: int = 2
    """Pictures of a burst without faces, as one may be blurred."""
    face_s: float = 0.6
    """Length of a burst with faces: a name needs three samples, .2 s apart at most."""


class BurstFile(VideoFile):
    """The pictures of a video's bursts; all else is as of ``VideoFile``.

    Whoever iterates calls ``extend`` when a picture shows faces.

    Args:
        path: The file.
        bursts: How much is decoded.
        name: What to call it.
    """

    def __init__(self, path: Path, bursts: Bursts, *, name: str | None = None) -> None:
        super().__init__(path, name=name)
        self.decoded = 0
        """Pictures so far, also those that only others need."""
        self._bursts = bursts
        self._began = -math.inf
        self._shown = 0
        self._has_faces = False

    def extend(self) -> None:
        """Go on with this burst for ``face_s`` from its beginning: its newest picture shows faces."""
        self._has_faces = True

    def _decode(self, container: av.container.InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
        self._began, is_on = -math.inf, False
        waiting: list[av.Packet[VideoStream]] = []
        size = 0
        for number, packet in enumerate(self._packets(container, stream)):
            if not packet.size:  # the end
                yield from self._burst(packet) if is_on else ()
                return
            at = self._time_of(packet, number)
            is_on = is_on and self._goes_on(at)
            if is_on:
                yield from self._burst(packet)
                continue
            if packet.is_keyframe:
                stream.codec_context.flush_buffers()  # what it holds of the burst before is not wanted
                waiting, size = [], 0
            waiting.append(packet)
            size += packet.size
            wait_s = self._bursts.every_s * (1 if packet.is_keyframe else _PATIENCE)
            is_on = at - self._began >= wait_s - _ROUNDING_S
            if not (is_on or size > _KEPT_BYTES):
                continue
            for each in waiting[:-1]:  # what the next picture is made from
                self._counted(each)
            waiting, size = [], 0
            if is_on:
                self._began, self._shown, self._has_faces = at, 0, False
                yield from self._burst(packet)
            else:
                self._counted(packet)

    def _time_of(self, packet: av.Packet[VideoStream], number: int) -> float:
        ticks = packet.dts if packet.pts is None else packet.pts
        if ticks is not None and packet.time_base:
            return float(ticks * packet.time_base)
        return number / (self.frame_rate or 25.0)

    def _goes_on(self, at: float) -> bool:
        if self._shown < self._bursts.least:
            return True
        return self._has_faces and at - self._began <= self._bursts.face_s

    def _burst(self, packet: av.Packet[VideoStream]) -> Iterator[av.VideoFrame]:
        for picture in self._counted(packet):
            if picture.time is None or picture.time >= self._began - _ROUNDING_S:  # else it lacks what it is made from
                self._shown += 1
                yield picture

    def _counted(self, packet: av.Packet[VideoStream]) -> list[av.VideoFrame]:
        pictures = self._pictures(packet)
        self.decoded += len(pictures)
        return pictures

    def _tell_shortfall(self, frames: int, reached_s: float, step: float) -> None:
        if self._damaged or self._broken:  # the last burst ends before the file does
            super()._tell_shortfall(frames, reached_s, step)
