"""When a camera took a frame: its presentation time, put on this machine's clock.

A frame that waited before the demuxer, in the camera, in the network or in a socket's buffer while the decoder was
short of processor time, arrives late. The difference between arrival and presentation time is smallest for frames that
waited for nothing; what another frame has more than this is what it waited (the running minimum of RFC 5905's clock
filter and of WebRTC's receivers).
"""

from __future__ import annotations

_JUMP_S = 10.0
"""Presentation times that move by more than this against the clock, or fall back, start a new count: socket buffers
hold a few seconds."""
_AHEAD_S = 1.0
"""A frame this much earlier than the earliest one so far: the camera's clock was set forward."""
_DRIFT = 200e-6
"""How much the camera's clock may lose; crystals are within 100e-6."""
_RELAX = 5e-3
"""The same while the reader waits for frames, as then little can wait for it. So a clock of any rate up to 0.5 % does
no harm, and a delay of a second in the network is 5 ms too short after one second."""
_WAITED_SHARE = 0.5
"""Share of the time between two frames from which a reader waited for the second, rather than lost its core to another
thread."""


class CaptureClock:
    """Convert the presentation times of one connection to seconds of the monotonic clock."""

    def __init__(self) -> None:
        self._offset_s: float | None = None
        """Smallest difference between arrival and presentation time."""
        self._time_s = self._arrived_s = self._age_s = 0.0

    def captured_at(self, time_s: float | None, *, arrived_s: float, waited_s: float) -> float:
        """When a frame would have arrived, had it waited for nothing.

        Args:
            time_s: Its presentation time, s; ``None`` if it has none.
            arrived_s: When the demuxer returned it, monotonic s; not before the last one's.
            waited_s: How long the demuxer was waited for, s.

        Returns:
            Monotonic s, at most ``arrived_s``.
        """
        if time_s is None:
            return arrived_s
        offset_s, elapsed_s = arrived_s - time_s, arrived_s - self._arrived_s
        queue_is_empty = waited_s >= _WAITED_SHARE * elapsed_s
        if self._offset_s is None:
            self._offset_s = offset_s
        elif time_s <= self._time_s or not -_AHEAD_S < offset_s - self._offset_s < _JUMP_S:
            # what waited before the jump waits still, unless the queue is empty
            self._offset_s = offset_s - (0.0 if queue_is_empty else self._age_s)
        else:
            self._offset_s = min(offset_s, self._offset_s + elapsed_s * (_RELAX if queue_is_empty else _DRIFT))
        self._time_s, self._arrived_s = time_s, arrived_s
        self._age_s = offset_s - self._offset_s
        return arrived_s - self._age_s
