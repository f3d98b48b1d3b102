"""The camera's own clock: RTCP sender reports say which presentation time is which time of day (RFC 3550, 6.4.1).

FFmpeg puts the time of day beside each packet once the first report came, within some seconds: side data ``prft``,
whose first eight bytes are microseconds since 1970. Two streams of one camera have one such clock, whatever each of
them waited for in the network.
"""

from __future__ import annotations

import struct

import av
from av.video.stream import VideoStream

_MICROSECONDS = struct.Struct("<q")


class CameraClock:
    """Converts the presentation times of one connection to seconds of the camera's clock."""

    def __init__(self) -> None:
        self._offset_s: float | None = None

    def note(self, packet: av.Packet[VideoStream]) -> None:
        """Read the time of day beside a packet, where there is one."""
        if packet.pts is None or packet.time_base is None or not packet.has_sidedata("prft"):
            return
        wall_s = _MICROSECONDS.unpack(bytes(packet.get_sidedata("prft"))[: _MICROSECONDS.size])[0] / 1e6
        if wall_s > 0:
            self._offset_s = wall_s - float(packet.pts * packet.time_base)

    def at(self, time_s: float | None) -> float | None:
        """When a picture was taken, s of the camera's clock; ``None`` before the first report."""
        return None if time_s is None or self._offset_s is None else time_s + self._offset_s
