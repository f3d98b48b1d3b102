"""The state of each source and who is before it now, kept for other threads that read it."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from recognizer.clock import WallClock
from recognizer.emit.base import BaseSink
from recognizer.types import Event, FrameResult, SourceChange, SourceState

_RATE_S = 5.0
"""The rate is that of the last so many seconds."""
_WORDS = {SourceState.OPEN: "starting", SourceState.BACKING_OFF: "lost"}
"""States that viewers see as one of the others."""


@dataclass(slots=True)
class _Source:
    state: str
    since: dt.datetime
    why: str = ""
    result: FrameResult | None = None
    """The newest one; ``None`` when nobody can be there."""
    captured_at: float | None = None
    latency_s: float = 0.0
    frames: int = 0
    losses: int = 0
    times: deque[float] = field(default_factory=lambda: deque(maxlen=500))
    """When the newest results came, monotonic s."""


class LiveState(BaseSink):
    """Keeps the newest state of every source; ``as_list`` may be called from any thread.

    Args:
        sources: names of all sources, in the order of the settings.
        live: names of the live ones.
        clock: monotonic, s.
        times: gives times of day.
    """

    def __init__(
        self,
        sources: Iterable[str],
        *,
        live: AbstractSet[str],
        clock: Callable[[], float] = time.monotonic,
        times: WallClock | None = None,
    ) -> None:
        self._live = live
        self._clock = clock
        self._times = times or WallClock(live=live)
        self._lock = threading.Lock()
        now = self._times.live_moment(clock())
        self._sources = {name: _Source("starting" if name in live else "reading", now) for name in sources}

    def emit(self, result: FrameResult) -> None:
        """Keep the result in place of the one before."""
        source, now = self._sources[result.frame.source], self._clock()
        with self._lock:
            source.result, source.captured_at = result, result.frame.captured_at
            source.latency_s = now - result.frame.captured_at
            source.frames += 1
            source.times.append(now)

    def on_end(self, source: str, events: tuple[Event, ...]) -> None:
        """Note that nobody is there any more."""
        with self._lock:
            self._sources[source].result = None

    def on_source_state(self, change: SourceChange) -> None:
        """Note a change of state."""
        if change.source not in self._sources:
            return
        source, word = self._sources[change.source], _WORDS.get(change.state, change.state.value)
        with self._lock:
            source.losses += change.event == "source_lost"
            if word == source.state and change.state is SourceState.BACKING_OFF:
                return  # it is lost since it was lost, and for that reason
            if word != source.state:
                source.since = self._times.live_moment(change.at)
            source.state, source.why = word, change.why
            if change.state in (SourceState.LOST, SourceState.PAUSED, SourceState.CLOSED):
                source.result = None

    def as_list(self) -> list[dict[str, Any]]:
        """Describe all sources for JSON.

        ``people_now``: the faces of the newest frame; ``box`` is left, top, right, bottom in px of a frame of
        ``width`` x ``height``. ``frame_age_s``: age of the newest recognised frame; ``latency_s``: from its capture to
        its result; ``rate``: frames recognised a second, of the last five seconds.
        """
        now = self._clock()
        with self._lock:
            return [self._describe(name, source, now) for name, source in self._sources.items()]

    def _describe(self, name: str, source: _Source, now: float) -> dict[str, Any]:
        is_live = name in self._live
        recent = [at for at in source.times if now - at <= _RATE_S]
        result = source.result
        captured_at = source.captured_at if is_live else None
        return {
            "id": name,
            "state": source.state,
            "since": source.since.isoformat(timespec="milliseconds"),
            "why": source.why or None,
            "live": is_live,
            "frame_age_s": None if captured_at is None else round(now - captured_at, 3),
            "latency_s": None if captured_at is None else round(source.latency_s, 4),
            "rate": round(len(recent) / _RATE_S, 1),
            "frames": source.frames,
            "losses": source.losses,
            "width": None if result is None else result.frame.width,
            "height": None if result is None else result.frame.height,
            "people_now": [] if result is None else _people(result),
        }


def _people(result: FrameResult) -> list[dict[str, Any]]:
    return [
        {
            "track_id": int(who.track_id),
            "status": who.status.value,
            "name": who.name,
            "similarity": round(float(who.similarity), 4),
            "box": [round(float(side), 1) for side in box],
        }
        for who, box in zip(result.identities, result.tracks.boxes, strict=True)
    ]
