"""Run the pipeline on sources: a capture thread for each, the caller's thread recognises, one thread emits.

    capture -> Inbox (frames: only this may drop) -> caller: pipeline -> Outbox (results: never drops) -> sinks

The caller's thread owns all state of the pipeline; the other threads only read and write. On every exit the sinks are
closed and unread frames are discarded; all threads are joined, then the first failure is raised. When one of several
sources fails, this is reported and the run continues with the others.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from queue import SimpleQueue

from loguru import logger

from recognizer.errors import SourceError, TooManyFacesError
from recognizer.pipeline import Pipeline
from recognizer.priority import give_way
from recognizer.protocols import FrameSource, ReportsState, Sink
from recognizer.runtime.channels import Inbox, Outbox, SourceEnd
from recognizer.runtime.emitter import Emitter
from recognizer.types import Event, Frame, SourceChange, SourceState

POLL_S = 0.2
"""Longest delay until ``stop`` or a silent camera is noticed, s."""
JOIN_S = 10.0
_INTERRUPTING = frozenset({SourceState.LOST, SourceState.PAUSED})
"""What ends the tracks of a source that may come back."""
LIVE_JOIN_S = 0.5
"""A camera's thread may hang in a time-out of the network; it holds nothing that must be written."""


def run(
    sources: Sequence[FrameSource],
    pipeline: Pipeline,
    sinks: Sequence[Sink],
    *,
    max_frames: int | None = None,
    max_seconds: float | None = None,
    stop: threading.Event | None = None,
    go_on: Callable[[], bool] = lambda: True,
    dropped: dict[str, int] | None = None,
    joining: SimpleQueue[FrameSource] | None = None,
) -> Mapping[str, int]:
    """Recognise until the sources end, a limit is reached or ``stop`` is set.

    Args:
        sources: opened and closed here.
        pipeline: recognises.
        sinks: opened and closed here; they get every result in order.
        max_frames: frames recognised in all.
        max_seconds: seconds of the sources' own time; of the run, when all are live.
        stop: set from anywhere to end soon.
        go_on: called after each frame, and a few times a second without frames; the run ends when it returns False,
            as when a window was closed.
        dropped: kept up to date while running, and complete before the sinks are closed.
        joining: sources that are put there while the run is on are recognised, too.

    Returns:
        Frames dropped, by source name.

    Raises:
        RecognizerError: the first failure of a source or a sink, after everything was closed.
    """
    stop = stop or threading.Event()
    dropped = {} if dropped is None else dropped
    sources = list(sources)
    inbox, outbox = Inbox([source.live for source in sources]), Outbox(stop)
    readers: dict[int, threading.Thread] = {}
    with ExitStack() as opened:
        emitter = opened.enter_context(Emitter(sinks, outbox, stop))

        def read(number: int) -> None:
            source = sources[number]
            if _opened(source, number, inbox, opened, others=[other for other in sources if other is not source]):
                readers[number] = threading.Thread(
                    target=_capture, args=(number, source, inbox), name=f"capture {source.name}", daemon=True
                )

        def join_new() -> None:
            while joining is not None and not joining.empty():
                sources.append(joining.get_nowait())
                number = inbox.add(live=sources[-1].live)
                read(number)
                if number in readers:
                    readers[number].start()

        for number in range(len(sources)):
            read(number)
        caller = _Caller(sources, inbox, outbox, pipeline, dropped)
        try:
            emitter.start()
            for reader in list(readers.values()):
                reader.start()
            caller.recognise(stop, go_on, max_frames, max_seconds, join_new)
        finally:
            inbox.abandon()
            for source in sources:
                source.close()
            _join(sources, readers, stop)
            caller.count_dropped()
            caller.report_last()
            emitter.finish(live=any(source.live for source in sources))
        outbox.check()
    return dropped


def _opened(
    source: FrameSource, number: int, inbox: Inbox, opened: ExitStack, *, others: Sequence[FrameSource]
) -> bool:
    """Open a source; one that cannot be opened costs cameras beside it nothing."""
    try:
        opened.enter_context(source)
    except SourceError as error:
        if not any(other.live for other in others):
            raise
        inbox.finish(number, error)
        return False
    return True


def _join(sources: Sequence[FrameSource], readers: Mapping[int, threading.Thread], stop: threading.Event) -> None:
    deadline = time.monotonic() + LIVE_JOIN_S
    for number, thread in readers.items():
        if thread.ident is None:
            continue
        brief = sources[number].live or stop.is_set()
        thread.join(max(0.0, deadline - time.monotonic()) if brief else JOIN_S)
        if thread.is_alive():
            logger.debug("{}: the capture thread still waits for the source and was abandoned", sources[number].name)


@dataclass(slots=True)
class _Caller:
    """The caller's loop and the state that it keeps of each source."""

    sources: Sequence[FrameSource]
    inbox: Inbox
    outbox: Outbox
    pipeline: Pipeline
    dropped: dict[str, int]
    last: dict[str, Frame] = field(default_factory=dict)
    began: dict[str, float] = field(default_factory=dict)

    def recognise(
        self,
        stop: threading.Event,
        go_on: Callable[[], bool],
        max_frames: int | None,
        max_seconds: float | None,
        join_new: Callable[[], None],
    ) -> None:
        count = 0
        running = True
        deadline = float("inf") if max_seconds is None else time.monotonic() + max_seconds
        while running and not stop.is_set() and self.inbox.more():
            join_new()
            frame = self.inbox.take(POLL_S)
            changes = self._changes()
            if time.monotonic() > deadline and not self.inbox.files_open:
                break
            if frame is not None and max_seconds is not None and self._age(frame) >= max_seconds:
                next(source for source in self.sources if source.name == frame.source).close()
                frame = None
            before = [c for c in changes if frame is None or c.source != frame.source or c.at <= frame.captured_at]
            self._report(before)
            if frame is not None:
                try:
                    self.outbox.put(self.pipeline.step(frame, backlogged=self.inbox.backlogged))
                except TooManyFacesError as error:  # only of photos: they cost no others
                    logger.warning("{}: picture {} skipped: {}", frame.source, frame.index + 1, error)
                self.last[frame.source] = frame
                count += 1
            self._report(change for change in changes if change not in before)
            self._report_ended()
            self.count_dropped()
            running = go_on() and (max_frames is None or count < max_frames)
        for frame in self.last.values():
            self._end(frame.source, self.pipeline.end(frame))

    def count_dropped(self) -> None:
        counts = Counter[str]()
        for source, count in zip(self.sources, self.inbox.dropped, strict=True):
            counts[source.name] += count  # a source may have left and come back
        self.dropped.update(counts)

    def report_last(self) -> None:
        """Report the changes of state that closing the sources caused."""
        if not self.outbox.failed:
            for change in self._changes():
                self.outbox.put(change)

    def _changes(self) -> list[SourceChange]:
        return [
            change for source in self.sources if isinstance(source, ReportsState) for change in source.state_changes()
        ]

    def _report(self, changes: Iterable[SourceChange]) -> None:
        for change in changes:
            if change.state in _INTERRUPTING and (frame := self.last.get(change.source)):
                self._end(frame.source, self.pipeline.interrupt(frame))
            self.outbox.put(change)

    def _report_ended(self) -> None:
        """End the tracks of sources that ended, and report their failures at once, not only at the end of the run."""
        for number, error in self.inbox.take_ended():
            name = self.sources[number].name
            frame = self.last.pop(name, None)
            self._end(name, self.pipeline.end(frame) if frame else ())
            if error is not None and self.inbox.open:
                logger.error("{}", error)
                now = time.monotonic()
                self.outbox.put(SourceChange(name, SourceState.LOST, now, str(error), "source_lost"))

    def _end(self, source: str, events: tuple[Event, ...]) -> None:
        self.outbox.put(SourceEnd(source, events))

    def _age(self, frame: Frame) -> float:
        return frame.captured_at - self.began.setdefault(frame.source, frame.captured_at)


def _capture(number: int, source: FrameSource, inbox: Inbox) -> None:
    give_way()
    try:
        for frame in source:
            if not inbox.put(number, frame):
                break
    except BaseException as error:
        inbox.finish(number, error)
    else:
        inbox.finish(number)
