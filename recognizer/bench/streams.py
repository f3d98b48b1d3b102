"""Clips played at their own rate, as cameras send them, through the real runner: how many keep up?

A frame is decoded when it is due, not before, and its age counts from then: what decoding, waiting and recognising take
together. Each begins at another place of the clip: cameras do not all come to a cut, with everybody new, at one moment.
Beside it, in the same run, the same number of clips is decoded only.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.bench.end_to_end import decoded
from recognizer.bench.stages import Clock, Row, clocked_pipeline, rows_of, warm
from recognizer.bench.timing import Meter, rounded
from recognizer.models.resolve import ResolvedModel
from recognizer.runtime import runner
from recognizer.types import Frame, FrameResult

LATE_S = 0.2
"""A stream whose frames are older than this at their label, one in twenty of them, is behind."""
LEFT_OUT = 0.25
"""So is one of which more than this share of frames was replaced by newer ones: a frame that is left out makes no other
one old, so that age alone would pass any number of streams. Names that a stream lost are told beside it."""
SETTLE_S = 4.0
"""Of each trial before frames count: a camera runs for months, and what its first second takes is over then, its whole
detection and the graphs that are compiled for batches of several streams. ``bench`` tells the start apart."""
TRIES = 2
"""A number of streams is too many when it fell behind so often: other work on the machine is no reason."""
WARM_UP = 75
"""Frames that the pipeline has seen before the first trial."""


class PacedClip:
    """A clip that comes as a camera's frames do, again and again until it is closed.

    Args:
        settings: their source is a video file.
        name: display name.
        begins_s: how long after it is ready the first frame is due.
        begins_at: and where in the clip that is, as a share of its frames.
    """

    live = True

    def __init__(self, settings: Settings, *, name: str, begins_s: float = 0.0, begins_at: float = 0.0) -> None:
        self.name = name
        self._settings = settings
        self._begins_s, self._begins_at = begins_s, begins_at
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        """Get ready; each round opens the clip anew."""
        self._stop.clear()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ask the iteration to end."""
        self._stop.set()

    def close(self) -> None:
        """Ask the iteration to end at the next frame."""
        self._stop.set()

    def __iter__(self) -> Iterator[Frame]:
        """Yield each frame when it is due, its time that of the monotonic clock."""
        due, index = -math.inf, 0
        while not self._stop.is_set():
            with build.source(self._settings) as clip:
                step = 1 / (getattr(clip, "frame_rate", None) or 25.0)
                frames = iter(clip)
                if index == 0:
                    _skip(frames, round(self._begins_at * (getattr(clip, "frame_count", None) or 0)))
                    due = time.monotonic() + self._begins_s
                while not self._stop.wait(max(0.0, due - time.monotonic())):
                    frame = next(frames, None)
                    if frame is None:
                        break
                    yield replace(frame, index=index, captured_at=due, source=self.name)
                    due, index = due + step, index + 1


def _skip(frames: Iterator[object], count: int) -> None:
    for _ in islice(frames, count):
        pass


@dataclass(slots=True)
class StreamFigures:
    """One stream of a trial."""

    ages_s: list[float] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    dropped: int = 0

    @property
    def behind(self) -> bool:
        """It does not keep up."""
        came = len(self.ages_s) + self.dropped
        return not self.ages_s or float(np.percentile(self.ages_s, 95)) >= LATE_S or self.dropped > LEFT_OUT * came

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        ages = np.percentile(self.ages_s, (50, 95, 99)) * 1000 if self.ages_s else np.zeros(3)
        return {
            "frames": len(self.ages_s),
            "dropped": self.dropped,
            "age_ms": dict(zip(("p50", "p95", "p99"), map(rounded, ages.tolist()), strict=True)),
            "names": sorted(self.names),
            "behind": self.behind,
        }


class _Watcher:
    """A sink that notes the age of each frame, and who was named."""

    failed: str | None = None

    def __init__(self) -> None:
        self.streams: dict[str, StreamFigures] = {}
        self.all = 0
        """Frames, those before ``SETTLE_S`` included."""
        self._begin = time.monotonic()
        self._last: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def emit(self, result: FrameResult) -> None:
        """Count one frame, and those that it replaced."""
        if result.closing:
            return
        now, frame = time.monotonic(), result.frame
        self.all += 1
        left_out = frame.index - self._last.get(frame.source, frame.index - 1) - 1
        self._last[frame.source] = frame.index
        if now - self._begin < SETTLE_S:
            return
        stream = self.streams.setdefault(frame.source, StreamFigures())
        stream.ages_s.append(now - frame.captured_at)
        stream.dropped += left_out
        stream.names |= {who.name for who in result.identities if who.name is not None}


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """So many streams at once."""

    streams: tuple[StreamFigures, ...]
    cores: float
    """Cores in use on average."""
    stages: tuple[Row, ...] = ()
    """Per recognised frame; none where frames were only decoded."""

    @property
    def behind(self) -> bool:
        """Some stream does not keep up."""
        return any(stream.behind for stream in self.streams)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "streams": [stream.as_dict() for stream in self.streams],
            "cores": rounded(self.cores),
            "behind": self.behind,
            "stages": [row.as_dict() for row in self.stages],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Capacity:
    """How many streams keep up, and with decoding alone."""

    recognised: tuple[Trial, ...]
    """Of 1, 2, ... streams until one is behind, the last tries of each, and of ``limit``."""
    decoded: tuple[Trial, ...]
    limit: int
    """No more were tried."""

    @property
    def most_recognised(self) -> int:
        """The largest number before the first that fell behind."""
        return _most(self.recognised)

    @property
    def most_decoded(self) -> int:
        """The same of decoding alone."""
        return _most(self.decoded)

    def names_lost(self, trial: Trial) -> set[str]:
        """Who was named with one stream and is not in some stream of this trial."""
        return {name for stream in trial.streams for name in self.recognised[0].streams[0].names - stream.names}

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "limit": self.limit,
            "most_recognised": self.most_recognised,
            "most_decoded": self.most_decoded,
            "recognised": [
                {**trial.as_dict(), "names_lost": sorted(self.names_lost(trial))} for trial in self.recognised
            ],
            "decoded": [trial.as_dict() for trial in self.decoded],
        }


def _most(trials: tuple[Trial, ...]) -> int:
    behind = min((len(trial.streams) for trial in trials if trial.behind), default=np.inf)
    return max((len(trial.streams) for trial in trials if len(trial.streams) < behind), default=0)


def measure(settings: Settings, resolved: ResolvedModel, *, limit: int, seconds: float) -> Capacity:
    """Add stream after stream, to decoding alone and to recognition in turns, until both are behind; then ``limit``.

    Args:
        settings: their source is a video file.
        resolved: the model.
        limit: streams tried at most.
        seconds: length of a trial, once it has settled.
    """
    only: list[Trial] = []
    whole: list[Trial] = []
    recogniser = Recogniser(settings, resolved)
    for number in range(1, limit + 1):
        if not only or not only[-1].behind:
            only.append(_tried(lambda n=number: decode(settings, streams=n, seconds=seconds)))  # type: ignore[misc]
        if not whole or not whole[-1].behind:
            whole.append(_tried(lambda n=number: recogniser.trial(streams=n, seconds=seconds)))  # type: ignore[misc]
        if only[-1].behind and whole[-1].behind:
            break
    if len(whole[-1].streams) < limit:  # what more than it can costs, where somebody asked for so many
        whole.append(recogniser.trial(streams=limit, seconds=seconds))
    return Capacity(tuple(whole), tuple(only), limit)


def _tried(trial: Callable[[], Trial]) -> Trial:
    for _ in range(TRIES - 1):
        if not (done := trial()).behind:
            return done
    return trial()


class Recogniser:
    """One pipeline for all trials, warm: graphs that are compiled when they are first needed are no stream's fault."""

    def __init__(self, settings: Settings, resolved: ResolvedModel) -> None:
        self._settings = settings
        self._clock = Clock()
        self._pipeline = clocked_pipeline(settings, resolved, self._clock)
        warm(self._pipeline, settings, frames=WARM_UP)

    def trial(self, *, streams: int, seconds: float) -> Trial:
        """Recognise on so many streams for so long."""
        self._clock.calls.clear()
        watcher = _Watcher()
        names = [f"stream {number + 1}" for number in range(streams)]
        sources = [
            PacedClip(self._settings, name=name, begins_s=0.5 + 0.04 * place / streams, begins_at=place / streams)
            for place, name in enumerate(names)
        ]
        with Meter() as meter:
            runner.run(sources, self._pipeline, [watcher], max_seconds=SETTLE_S + seconds)
        figures = [watcher.streams.get(name, StreamFigures()) for name in names]
        rows = tuple(rows_of(self._clock.calls, frames=watcher.all))
        return Trial(tuple(figures), meter.spent.cpu_s / meter.spent.wall_s, rows)


def decode(settings: Settings, *, streams: int, seconds: float) -> Trial:
    """Decode so many streams for so long, each on its thread, and do nothing with the frames."""
    clip, threads = Path(settings.source.location), settings.source.decode_threads
    with build.source(settings) as source:
        step = 1 / (getattr(source, "frame_rate", None) or 25.0)
        length = getattr(source, "frame_count", None) or 0
    figures = [StreamFigures() for _ in range(streams)]
    ready = threading.Barrier(streams + 1)

    def play(place: int) -> None:
        pictures = decoded(clip, threads=threads)
        _skip(pictures, round(length * place / streams))
        ready.wait()
        begin = time.monotonic()
        due = begin + step * place / streams
        while due < begin + seconds:
            with closing(pictures):
                for _ in pictures:
                    now = time.monotonic()
                    figures[place].ages_s.append(now - due)
                    due += step
                    if due >= begin + seconds or now >= begin + 2 * seconds:
                        return
                    time.sleep(max(0.0, due - now))
            pictures = decoded(clip, threads=threads)

    players = [threading.Thread(target=play, args=(place,), daemon=True) for place in range(streams)]
    for player in players:
        player.start()
    ready.wait()
    with Meter() as meter:
        for player in players:
            player.join()
    return Trial(tuple(figures), meter.spent.cpu_s / meter.spent.wall_s)
