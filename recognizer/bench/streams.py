"""Find how many clips, played at their own rate through the real runner, keep up at once.

A frame is decoded when it is due, not before, and its age counts from then: the time of decoding, waiting and
recognising together. Each stream begins at another place of the clip, as cameras do not all have a cut, with new people
only, at one moment. In the same run, as many clips are decoded without being recognised.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Protocol

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.bench.capacity import Arrival, Capacity, StreamFigures, Trial, figures_of
from recognizer.bench.end_to_end import decoded
from recognizer.bench.paced_clip import PacedClip, skip
from recognizer.bench.stages import Clock, clocked_pipeline, rows_of, warm
from recognizer.bench.timing import Meter
from recognizer.emit.collect import CollectingSink
from recognizer.models.resolve import ResolvedModel
from recognizer.runtime import runner
from recognizer.types import FrameResult

SETTLE_S = 4.0
"""Start of each trial whose frames do not count: a camera runs for months, and the work of its first second is then
over: its first full detection, and graphs compiled for batches of several streams. ``bench`` measures the start."""
TRIES = 2
"""A number of streams is too many when it fell behind so often in a row: other work on the machine may cost one try."""
WARM_UP = 75
"""Frames that the pipeline processes before the first trial."""


class Trials(Protocol):
    """Recognises a number of streams for a while."""

    def trial(self, *, streams: int, seconds: float) -> Trial:
        """Recognise ``streams`` clips for ``seconds`` after ``SETTLE_S``."""


def measure(settings: Settings, resolved: ResolvedModel, *, limit: int, seconds: float, workers: int = 0) -> Capacity:
    """Add streams, to decoding alone and to recognition in turns, until both are behind; then try ``limit``.

    Args:
        settings: their source is a video file.
        resolved: the model.
        limit: streams tried at most.
        seconds: length of a trial, after it has settled.
        workers: processes that recognise; 0: this one.
    """
    only: list[Trial] = []
    whole: list[Trial] = []
    recogniser: Trials
    if workers:
        from recognizer.bench.worker_streams import WorkerTrials

        recogniser = WorkerTrials(settings, resolved, workers=workers)
    else:
        recogniser = Recogniser(settings, resolved)
    for number in range(1, limit + 1):
        if not only or not only[-1].behind:
            only.append(_tried(lambda n=number: decode(settings, streams=n, seconds=seconds)))  # type: ignore[misc]
        if not whole or not whole[-1].behind:
            whole.append(_tried(lambda n=number: recogniser.trial(streams=n, seconds=seconds)))  # type: ignore[misc]
        if only[-1].behind and whole[-1].behind:
            break
    if len(whole[-1].streams) < limit:  # shows the cost of overload
        whole.append(recogniser.trial(streams=limit, seconds=seconds))
    return Capacity(tuple(whole), tuple(only), limit)


def _tried(trial: Callable[[], Trial]) -> Trial:
    for _ in range(TRIES - 1):
        if not (done := trial()).behind:
            return done
    return trial()


class Recogniser:
    """Run trials with one pipeline whose graphs are compiled, so that compiling delays no stream."""

    def __init__(self, settings: Settings, resolved: ResolvedModel) -> None:
        self._settings = settings
        self._clock = Clock()
        self._pipeline = clocked_pipeline(settings, resolved, self._clock)
        warm(self._pipeline, settings, frames=WARM_UP)

    def trial(self, *, streams: int, seconds: float) -> Trial:
        """Recognise ``streams`` clips for ``seconds`` after ``SETTLE_S``."""
        self._clock.calls.clear()
        sink = CollectingSink(arrival)
        began_at = time.monotonic()
        sources = [stream(self._settings, place, streams) for place in range(streams)]
        with Meter() as meter:
            runner.run(sources, self._pipeline, [sink], max_seconds=SETTLE_S + seconds)
        found = figures_of(sink.values, settled_at=began_at + SETTLE_S)
        rows = tuple(rows_of(self._clock.calls, frames=len(sink.values)))
        figures = tuple(found.get(source.name, StreamFigures()) for source in sources)
        return Trial(figures, meter.spent.cpu_s / meter.spent.wall_s, rows)


def stream(settings: Settings, place: int, streams: int) -> PacedClip:
    """Make one of so many streams; each begins at another place of the clip."""
    return PacedClip(
        settings, name=f"stream {place + 1}", begins_s=0.5 + 0.04 * place / streams, begins_at=place / streams
    )


def arrival(result: FrameResult) -> Arrival:
    """Note the time of a label."""
    now, frame = time.monotonic(), result.frame
    names = frozenset(who.name for who in result.identities if who.name is not None)
    return Arrival(frame.source, frame.index, now, now - frame.captured_at, names)


def decode(settings: Settings, *, streams: int, seconds: float) -> Trial:
    """Decode ``streams`` clips for ``seconds``, each on its own thread, and drop the frames."""
    clip, threads = Path(settings.source.location), settings.source.decode_threads
    with build.source(settings) as source:
        step = 1 / (source.frame_rate or 25.0)
        length = source.frame_count or 0
    figures = [StreamFigures() for _ in range(streams)]
    ready = threading.Barrier(streams + 1)

    def play(place: int) -> None:
        pictures = decoded(clip, threads=threads)
        skip(pictures, round(length * place / streams))
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
