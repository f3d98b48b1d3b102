"""Lets another process follow a run and steer it: state, labelled pictures, events, pause, reload.

``recognizer.runtime.control`` is the socket, ``recognizer.serve.recognition`` the other side.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from recognizer import __version__
from recognizer.capture.pausable import CanPause, Pausable
from recognizer.clock import WallClock, now
from recognizer.emit.event_memory import EventMemory
from recognizer.emit.live_pictures import WIDTHS_PX, LivePictures
from recognizer.emit.live_state import LiveState
from recognizer.protocols import FrameSource, Sink
from recognizer.runtime.control import Answer, Command, CommandError

if TYPE_CHECKING:
    from recognizer.integrations.run_figures import RunFigures

MAX_WAIT_S = 10.0
"""The longest that a command may wait; the other side asks again."""


class LiveControl:
    """The commands of a run; made before it, so that its start can be followed, too.

    Args:
        log: the newest lines of this process's log.
    """

    def __init__(self, log: Collection[str] = ()) -> None:
        self.reload: Callable[[], None] = lambda: None
        """Loads the gallery anew; the run sets it."""
        self.dropped: Mapping[str, int] = {}
        """Frames of each source that newer ones replaced; the run keeps it up to date."""
        self.sinks: tuple[Sink, ...] = ()
        """What the run must feed; empty until ``follow``."""
        self._sources: dict[str, CanPause] = {}
        self._pictures = LivePictures()
        self._state: LiveState | None = None
        self._events: EventMemory | None = None
        self._figures: RunFigures | None = None
        self._about: dict[str, Any] = {"version": __version__, "pid": os.getpid(), "started": now().isoformat()}
        self._log = log

    def follow(self, sources: Sequence[FrameSource], outputs: Sequence[Sink] = ()) -> list[FrameSource]:
        """Return the sources as the run must use them: each can be paused.

        Args:
            sources: of the run.
            outputs: its other sinks; those that deliver to other systems are counted.
        """
        live = frozenset(source.name for source in sources if source.live)
        times = WallClock(live=live)
        pausable = (source if isinstance(source, CanPause) else Pausable(source) for source in sources)
        self._sources = {source.name: source for source in pausable}
        self._state = LiveState(self._sources, live=live, times=times)
        self._events = EventMemory(live=live, times=times)
        self._figures = _make_figures(times, outputs, lambda: self.dropped)
        counting = () if self._figures is None else (self._figures,)
        self.sinks = (self._state, self._events, self._pictures, *counting)
        return list(self._sources.values())

    def describe(self, **facts: Any) -> None:
        """Add facts of the run for ``about``: its model and engine."""
        self._about |= facts

    @property
    def commands(self) -> Mapping[str, Command]:
        """By name; for ``ControlServer``."""
        return {
            "about": self._answer_about,
            "metrics": self._answer_metrics,
            "sources": self._list,
            "picture": self._picture,
            "events": self._follow_events,
            "pause": self._pause,
            "resume": self._resume,
            "reload_gallery": self._reload,
        }

    def reload_now(self) -> None:
        """Load the gallery anew, soon."""
        self.reload()

    def set_paused(self, source: str, paused: bool) -> None:
        """Pause a source, or go on with it.

        Raises:
            CommandError: there is no such source, or the run is starting.
        """
        found = self._source({"source": source})
        found.pause() if paused else found.resume()

    def snapshot(self, source: str) -> bytes | None:
        """Return the newest labelled picture of a source, JPEG; ``None`` when there is none within a second.

        Raises:
            CommandError: there is no such source, or the run is starting.
        """
        return self._picture({"source": source}).data

    def _answer_about(self, request: Mapping[str, Any]) -> Answer:
        return Answer({**self._about, "pictures_encoded": self._pictures.encoded, "log": list(self._log)})

    def _answer_metrics(self, request: Mapping[str, Any]) -> Answer:
        return Answer() if self._figures is None else Answer({}, self._figures.exposition())

    def _list(self, request: Mapping[str, Any]) -> Answer:
        if self._state is None:
            return Answer({"phase": "starting", "sources": []})
        sources = self._state.as_list()
        for source in sources:
            source["paused"] = self._sources[source["id"]].paused
            source["dropped"] = self.dropped.get(source["id"], 0)
        return Answer({"phase": "running", "sources": sources})

    def _picture(self, request: Mapping[str, Any]) -> Answer:
        source, width = self._source(request), _number(request, "width", WIDTHS_PX[-1])
        after = request.get("after")
        wait_s = min(_number(request, "wait_s", 1.0), MAX_WAIT_S)
        picture = self._pictures.picture(
            source.name,
            width_px=round(width),
            after=after if isinstance(after, int) else None,
            wait_s=wait_s,
        )
        if picture is None:
            return Answer()
        age_s = time.monotonic() - picture.captured_at if source.live else None
        facts = {"number": picture.number, "width": picture.width, "height": picture.height, "age_s": age_s}
        return Answer(facts, picture.jpeg)

    def _follow_events(self, request: Mapping[str, Any]) -> Answer:
        wait_s = min(_number(request, "wait_s", 0.0), MAX_WAIT_S)
        if self._events is None:
            time.sleep(min(wait_s, 0.2))  # the run is starting
            return Answer([])
        after = request.get("after")
        return Answer(self._events.after(after if isinstance(after, str) else None, wait_s=wait_s))

    def _pause(self, request: Mapping[str, Any]) -> Answer:
        self._source(request).pause()
        return Answer({"paused": True})

    def _resume(self, request: Mapping[str, Any]) -> Answer:
        self._source(request).resume()
        return Answer({"paused": False})

    def _reload(self, request: Mapping[str, Any]) -> Answer:
        self.reload()
        return Answer({})

    def _source(self, request: Mapping[str, Any]) -> CanPause:
        if self._state is None:
            raise CommandError("recognition_starting", "Recognition is being started; try again.")
        source = self._sources.get(str(request.get("source")))
        if source is None:
            raise CommandError("source_not_found", "There is no such source.")
        return source


def _make_figures(
    times: WallClock, outputs: Sequence[Sink], dropped: Callable[[], Mapping[str, int]]
) -> RunFigures | None:
    try:
        from recognizer.integrations.run_figures import RunFigures
    except ModuleNotFoundError:  # installed without the service
        return None
    found = [getattr(sink, "deliveries", None) for sink in outputs]
    return RunFigures(times=times, dropped=dropped, deliveries=[each for each in found if each is not None])


def _number(request: Mapping[str, Any], key: str, default: float) -> float:
    value = request.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e6:
        raise CommandError("invalid_command", f"{key}: wanted a number")
    return float(value)
