"""Summarise a run: speed, faces, who was seen when. Memory does not grow with the run."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from loguru import logger
from rich.console import Group
from rich.markup import escape
from rich.table import Table

from recognizer.calibration.drift import StrangerWatch
from recognizer.counting import counted
from recognizer.emit.base import BaseSink
from recognizer.emit.durations import Durations
from recognizer.emit.places import require_place, words
from recognizer.emit.sources import SourceBoard
from recognizer.memory import peak_rss_mb
from recognizer.types import Event, EventKind, FrameResult, SourceChange, Status
from recognizer.whole_files import whole_file

_FORGET_S = 600.0
"""A track that was not seen for so long is over, even without a lost event."""


@dataclass(slots=True)
class _Person:
    tracks: int = 0
    frames: int = 0
    first_s: float = math.inf
    last_s: float = 0.0
    waited_s: float = 0.0


@dataclass(slots=True)
class _Track:
    first_s: float
    last_s: float
    status: Status = Status.UNDECIDED
    similarity: float = -1.0
    margin: float = 0.0
    names: set[str] = field(default_factory=set)


class Summary(BaseSink):
    """Gathers a run's figures; a sink like the others.

    Args:
        path: JSON file to write at the end, or ``None``.
        model: Name of the embedding model.
        engine: Name of the graph engine.
        live: Names of the live sources.
        clock: Gives the wall time, s.
        strangers: Counts how near to a name they come; ``None`` where the calibration expects nothing.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        model: str,
        engine: str,
        live: AbstractSet[str] = frozenset(),
        clock: Callable[[], float] = time.perf_counter,
        strangers: StrangerWatch | None = None,
    ) -> None:
        self.dropped: dict[str, int] = {}
        """Dropped frames of each source, updated while running."""
        self.lost_by: Callable[[], Mapping[str, int]] = dict
        """Returns what blocked outputs dropped, by kind."""
        self.memory_elsewhere_mb: Callable[[], float] = lambda: 0.0
        """Most memory that other processes of the run held."""
        self.failed: str | None = None
        """Why the file could not be written."""
        self._path = path
        self._model = model
        self._engine = engine
        self._live = live
        self._clock = clock
        self._strangers = strangers
        self._began = clock()
        self._ended: float | None = None
        self._frames = 0
        self._board = SourceBoard(live)
        self._stages: dict[str, Durations] = {}
        self._faces = dict.fromkeys(("observed", *(status.value for status in Status)), 0)
        self._origins: dict[str, float] = {}
        self._people: dict[str, _Person] = {}
        self._tracks: dict[tuple[str, int], _Track] = {}
        self._over = dict.fromkeys(Status, 0)

    def __enter__(self) -> Self:
        """Start the clock.

        Raises:
            OutputError: The file will not be writable.
        """
        if self._path is not None:
            require_place(self._path, wanted="the summary")
        self._began, self._ended = self._clock(), None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the clock and write the file, all or nothing; a failure is logged and kept in ``failed``."""
        self._ended = self._clock()
        if self._path is None:
            return
        try:
            _write_whole(self._path, json.dumps(self.as_dict(), ensure_ascii=False, indent=2) + "\n")
        except OSError as failure:
            self.failed = words(failure)
            logger.error("summary: {} cannot be written ({})", self._path, self.failed)

    def emit(self, result: FrameResult) -> None:
        """Count one frame."""
        self._frames += 1
        self._board.take(result)
        for stage, seconds in result.timings.items():
            self._stages.setdefault(stage, Durations()).add(seconds)
        frame = result.frame
        begin = frame.captured_at if frame.source in self._live else 0.0  # a file's time is its own, as in events
        now = frame.captured_at - self._origins.setdefault(frame.source, begin)
        self._faces["observed"] += len(result.tracks)
        for identity in result.identities:
            self._faces[identity.status.value] += 1
            first_s = now if identity.first_at is None else now - (frame.captured_at - identity.first_at)
            track = self._tracks.setdefault((frame.source, identity.track_id), _Track(first_s, now))
            track.last_s, track.status = now, identity.status
            track.similarity, track.margin = identity.similarity, identity.margin
            if identity.status is Status.KNOWN and identity.name is not None:
                self._saw(identity.name, track, now)
        self._end_lost(result.events)
        if self._frames % 1000 == 0:
            stale = [key for key, track in self._tracks.items() if key[0] == frame.source]
            for key in stale:
                if now - self._tracks[key].last_s > _FORGET_S:
                    self._end(key)

    def on_end(self, source: str, events: tuple[Event, ...]) -> None:
        """End the source's tracks."""
        self._board.on_end(source)
        self._end_lost(events)

    def _end_lost(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.kind is EventKind.LOST:
                self._end((event.source, event.track_id))

    def on_source_state(self, change: SourceChange) -> None:
        """Note a source's change of state."""
        self._board.on_source_state(change)

    def _saw(self, name: str, track: _Track, now: float) -> None:
        person = self._people.setdefault(name, _Person())
        if name not in track.names:
            began = now if track.names else track.first_s  # a revised name starts where it was revised
            person.tracks += 1
            person.waited_s += now - began
            person.first_s = min(person.first_s, began)
            track.names.add(name)
        person.frames += 1
        person.last_s = max(person.last_s, now)

    def _end(self, key: tuple[str, int]) -> None:
        track = self._tracks.pop(key, None)
        if track is not None and not track.names:
            self._over[track.status] += 1
        if track is not None and self._strangers is not None:
            self._strangers.add(track.similarity, track.margin, named=bool(track.names))

    def as_dict(self) -> dict[str, Any]:
        """The figures so far, as they go to JSON.

        ``people``: everyone any track was ever known as, by first appearance; ``first_s`` is where the first of those
        tracks began, ``time_to_name_s`` the mean from a track's first detection to its name, ``face_frames`` how many
        faces bore it. ``unknown_tracks`` and ``undecided_tracks`` were never known and ended so.
        """
        wall_s = (self._clock() if self._ended is None else self._ended) - self._began
        nameless = dict(self._over)
        for track in self._tracks.values():
            if not track.names:
                nameless[track.status] += 1
        people = sorted(self._people.items(), key=lambda item: (item[1].first_s, item[0]))
        return {
            "model": self._model,
            "engine": self._engine,
            "frames": self._frames,
            "dropped": sum(self.dropped.values()),
            **({"lost": lost} if (lost := dict(self.lost_by())) else {}),
            "wall_s": round(wall_s, 3),
            "fps": round(self._frames / wall_s, 2) if wall_s > 0 else 0.0,
            "stages_ms": {
                stage: {f"p{p}": round(durations.percentile_ms(p), 3) for p in (50, 95, 99)}
                for stage, durations in self._stages.items()
            },
            "faces": dict(self._faces),
            "sources": [
                {"name": name, **figures.as_dict(), "dropped": self.dropped.get(name, 0)}
                for name, figures in self._board.sources.items()
            ],
            "people": [
                {
                    "name": name,
                    "tracks": person.tracks,
                    "first_s": round(person.first_s, 3),
                    "last_s": round(person.last_s, 3),
                    "time_to_name_s": round(person.waited_s / person.tracks, 3),
                    "face_frames": person.frames,
                }
                for name, person in people
            ],
            "unknown_tracks": nameless[Status.UNKNOWN],
            "undecided_tracks": nameless[Status.UNDECIDED],
            **({"strangers": self._strangers.as_dict()} if self._strangers is not None else {}),
            "peak_rss_mb": self._peak_rss_mb(),
        }

    def _peak_rss_mb(self) -> float | None:
        own = peak_rss_mb()
        return None if own is None else round(own + self.memory_elsewhere_mb(), 1)


def summary_table(figures: Mapping[str, Any]) -> Group:
    """What ``Summary.as_dict`` holds, for a terminal: who was seen when, then the run in two lines."""
    people = Table(title="Who was seen", title_justify="left")
    people.add_column("name")
    for column in ("from", "to", "tracks", "faces", "named after"):
        people.add_column(column, justify="right")
    for person in figures["people"]:
        people.add_row(
            escape(person["name"]),
            f"{person['first_s']:.1f} s",
            f"{person['last_s']:.1f} s",
            str(person["tracks"]),
            str(person["face_frames"]),
            f"{person['time_to_name_s']:.2f} s",
        )
    if not figures["people"]:
        people.add_row("[dim]nobody of the gallery[/]", "", "", "", "", "")
    faces = figures["faces"]
    stages = "  ".join(f"{escape(stage)} {values['p50']:.1f}" for stage, values in figures["stages_ms"].items())
    memory = figures["peak_rss_mb"]
    return Group(
        people,
        f"faces: {faces['observed']} seen, {faces['known']} known, {faces['unknown']} unknown, "
        f"{faces['undecided']} undecided; unknown people: {counted(figures['unknown_tracks'], 'track')}",
        f"frames: {figures['frames']} in {figures['wall_s']:.1f} s ({figures['fps']:.1f} fps), "
        f"{figures['dropped']} dropped; {escape(figures['model'])} on {escape(figures['engine'])}"
        + (f"; at most {memory:.0f} MB" if memory is not None else ""),
        *([f"median ms: {stages}"] if stages else []),
        *([escape(figures["strangers"]["drift"])] if (figures.get("strangers") or {}).get("drift") else []),
        *(_source_line(source) for source in figures["sources"] if "state" in source),
    )


def _source_line(source: Mapping[str, Any]) -> str:
    times = "once" if source["losses"] == 1 else f"{source['losses']} times"
    lost = f", lost {times} ({source['last_loss']})" if source["losses"] else ""
    rates = f" at {source['fps']:.1f} fps, age p95 {source['age_ms']['p95']:.0f} ms, {source['dropped']} dropped"
    seen = f"{source['frames']} frames{rates if source['frames'] else ''}"
    if main := source.get("main_stream"):
        skew_ms = main["skew_ms"]["p95"]
        seen += f"; {main['samples']} of {main['of']} samples from the main stream, skew p95 {skew_ms:.0f} ms"
    return escape(f"{source['name']}: {source['state']}, {seen}{lost}")


def _write_whole(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path, mode=0o644) as part:
        part.write_text(text, encoding="utf-8", errors="backslashreplace")
