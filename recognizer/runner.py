"""Threads: one captures for each source, the caller's recognises, one emits.

    capture -> Inbox (frames: only this may drop) -> caller: pipeline -> Outbox (results: never drops) -> sinks

The caller's thread thinks and owns all state; helper threads only carry. Every way out closes what it writes and
abandons what it reads; the first failure is raised in the caller; all threads are joined before it returns.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from recognizer.pipeline import Pipeline
from recognizer.protocols import FrameSource, Sink
from recognizer.types import Frame, FrameResult, Tracks

FRAMES_WAITING = 4
"""Frames of a file that are read ahead; each is a whole picture."""
RESULTS_WAITING = 8
POLL_S = 0.2
"""How soon a waiting caller sees that it was asked to stop."""
JOIN_S = 10.0


class Inbox:
    """Frames of several sources on their way to the caller.

    Args:
        live: for each source, whether only its newest frame matters.
    """

    def __init__(self, live: Sequence[bool]) -> None:
        self._live = tuple(live)
        self._waiting: list[deque[Frame]] = [deque() for _ in live]
        self._open = set(range(len(live)))
        self._abandoned = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self.dropped = [0] * len(live)
        """Frames of each source that a newer one replaced."""

    def put(self, source: int, frame: Frame) -> bool:
        """Hand over a frame; a file's waits for room. False: nobody wants frames any more."""
        with self._changed:
            waiting = self._waiting[source]
            if self._live[source]:
                self.dropped[source] += len(waiting)
                waiting.clear()
            while len(waiting) >= FRAMES_WAITING and not self._abandoned:
                self._changed.wait()
            if not self._abandoned:
                waiting.append(frame)
            self._changed.notify_all()
            return not self._abandoned

    def finish(self, source: int, error: BaseException | None = None) -> None:
        """No more frames of this source."""
        with self._changed:
            self._open.discard(source)
            self._error = self._error or error
            self._changed.notify_all()

    def take(self, timeout_s: float) -> list[Frame] | None:
        """At most one frame of each source, fair to all.

        Returns:
            The frames; none when the time is over; ``None`` when all sources have ended.

        Raises:
            BaseException: the first failure of a source, when its frames are used up.
        """
        with self._changed:
            if not any(self._waiting) and self._open:
                self._changed.wait(timeout_s)
            frames = [waiting.popleft() for waiting in self._waiting if waiting]
            self._changed.notify_all()
            if frames or self._open:
                return frames
            if self._error is not None:
                raise self._error
            return None

    def abandon(self) -> None:
        """Nobody takes frames any more; whoever waits to put one goes on."""
        with self._changed:
            self._abandoned = True
            self._changed.notify_all()


class Outbox:
    """Results on their way to the sinks; full, it makes the caller wait."""

    def __init__(self) -> None:
        self._waiting: deque[FrameResult] = deque()
        self._closed = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()

    def put(self, result: FrameResult) -> None:
        """Hand over a result; raises what a sink raised."""
        with self._changed:
            while len(self._waiting) >= RESULTS_WAITING and self._error is None:
                self._changed.wait()
            if self._error is not None:
                raise self._error
            self._waiting.append(result)
            self._changed.notify_all()

    def take(self) -> FrameResult | None:
        """The next result; ``None`` when there will be no more."""
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            result = self._waiting.popleft() if self._waiting else None
            self._changed.notify_all()
            return result

    def close(self) -> None:
        """No more results."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def fail(self, error: BaseException) -> None:
        """A sink raised: give up."""
        with self._changed:
            self._error = error
            self._waiting.clear()
            self._changed.notify_all()

    def check(self) -> None:
        """Raise what a sink raised."""
        if self._error is not None:
            raise self._error


def run(
    sources: Sequence[FrameSource],
    pipeline: Pipeline,
    sinks: Sequence[Sink],
    *,
    max_frames: int | None = None,
    max_seconds: float | None = None,
    stop: threading.Event | None = None,
    wanted: Callable[[], bool] = lambda: True,
) -> Mapping[str, int]:
    """Recognise until the sources end or something says stop.

    Args:
        sources: opened and closed here.
        pipeline: recognises.
        sinks: opened and closed here; they get every result in order.
        max_frames: frames recognised in all.
        max_seconds: seconds of the sources' own time.
        stop: set from anywhere to end soon.
        wanted: asked after each frame; False, as when a window was closed, ends the run.

    Returns:
        Frames dropped, by source name.

    Raises:
        RecognizerError: the first failure of a source or a sink, after everything was closed.
    """
    stop = stop or threading.Event()
    inbox, outbox = Inbox([source.live for source in sources]), Outbox()
    with ExitStack() as opened:
        for sink in sinks:
            opened.enter_context(sink)
        for source in sources:
            opened.enter_context(source)
        emitter = threading.Thread(target=_emit, args=(outbox, sinks), name="emit", daemon=True)
        readers = [
            threading.Thread(target=_capture, args=(number, source, inbox), name=f"capture {source.name}", daemon=True)
            for number, source in enumerate(sources)
        ]
        try:
            for thread in (emitter, *readers):
                thread.start()
            _recognise(inbox, outbox, pipeline, stop, wanted, max_frames, max_seconds)
        finally:
            inbox.abandon()
            for source in sources:
                source.close()
            outbox.close()
            for thread in (*readers, emitter):
                if thread.ident is not None:
                    thread.join(JOIN_S)
        outbox.check()
    return {source.name: count for source, count in zip(sources, inbox.dropped, strict=True)}


def _recognise(
    inbox: Inbox,
    outbox: Outbox,
    pipeline: Pipeline,
    stop: threading.Event,
    wanted: Callable[[], bool],
    max_frames: int | None,
    max_seconds: float | None,
) -> None:
    last: dict[str, Frame] = {}
    began: dict[str, float] = {}
    count = 0
    go_on = True
    while go_on and not stop.is_set() and (frames := inbox.take(POLL_S)) is not None:
        fresh = [f for f in frames if max_seconds is None or _age(f, began) < max_seconds]
        if frames and not fresh:
            break
        for result in pipeline.step(fresh) if fresh else ():
            outbox.put(result)
            last[result.frame.source] = result.frame
            count += 1
        go_on = wanted() and (max_frames is None or count < max_frames)
    for frame in last.values():
        if events := pipeline.end(frame):
            outbox.put(FrameResult(frame, Tracks.empty(), (), events, closing=True))


def _age(frame: Frame, began: dict[str, float]) -> float:
    return frame.captured_at - began.setdefault(frame.source, frame.captured_at)


def _capture(number: int, source: FrameSource, inbox: Inbox) -> None:
    try:
        for frame in source:
            if not inbox.put(number, frame):
                break
    except BaseException as error:
        inbox.finish(number, error)
    else:
        inbox.finish(number)


def _emit(outbox: Outbox, sinks: Sequence[Sink]) -> None:
    try:
        while (result := outbox.take()) is not None:
            for sink in sinks:
                sink.emit(result)
    except BaseException as error:
        outbox.fail(error)
