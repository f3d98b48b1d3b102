"""A worker: the ordinary run, on some of the sources, whose one sink is the pool."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from queue import SimpleQueue
from typing import Protocol

from loguru import logger

from recognizer.capture.pausable import Pausable
from recognizer.emit.base import BaseSink
from recognizer.errors import RecognizerError
from recognizer.memory import resident_bytes
from recognizer.pipeline import Pipeline
from recognizer.protocols import FrameSource, VectorIndex
from recognizer.runtime import runner
from recognizer.runtime.channels import SourceEnd
from recognizer.runtime.workers import messages
from recognizer.runtime.workers.link import Link
from recognizer.runtime.workers.pictures import PictureWriter
from recognizer.types import DistantPicture, Event, Frame, FrameResult, PictureNeed, SourceChange

BEAT_S = 0.25
_LEAVE_S = 3.0
"""After the pool has gone, for threads that hang."""


class Plan(Protocol):
    """Makes what a worker works with; pickled, so that the worker imports only what it needs."""

    def make_source(self, name: str) -> FrameSource:
        """Make the source of this name."""

    def make_pipeline(self, first_ids: Mapping[str, int]) -> Pipeline:
        """Make the pipeline; ``first_ids`` is read when a source begins."""

    def make_index(self, state: messages.GalleryState) -> VectorIndex:
        """Make the index of a gallery."""


class Worker:
    """Runs until all its sources have ended, ``Stop`` comes or the pool goes.

    Args:
        link: to the pool.
        pictures: where wanted pictures are put.
        plan: what to recognise with.
    """

    def __init__(self, link: Link, pictures: PictureWriter, plan: Plan) -> None:
        self._link = link
        self._plan = plan
        self._pictures = pictures
        self._stop = threading.Event()
        self._joining: SimpleQueue[FrameSource] = SimpleQueue()
        self._sources: dict[str, Pausable] = {}
        self._first_ids: dict[str, int] = {}
        self._dropped: dict[str, int] = {}
        self._sink = _PoolSink(link, pictures, self._sources)
        self._beat_at = 0.0

    def run(self, start: messages.Start) -> None:
        """Recognise the sources of ``start``."""
        error: RecognizerError | None = None
        try:
            sources = [self._take(assignment) for assignment in start.sources]
            self._sink.needs = start.needs
            pipeline = self._plan.make_pipeline(self._first_ids)
            self._link.send(messages.Ready())
            threading.Thread(target=self._obey, args=(pipeline,), name="pool", daemon=True).start()
            runner.run(
                sources,
                pipeline,
                [self._sink],
                max_seconds=start.max_seconds,
                stop=self._stop,
                go_on=self._beat,
                dropped=self._dropped,
                joining=self._joining,
            )
        except RecognizerError as failure:
            error = failure
        shortfalls = {name: source.shortfall for name, source in self._sources.items() if source.shortfall}
        self._link.send(messages.Finished(dict(self._dropped), shortfalls, error))

    def _take(self, assignment: messages.Assignment) -> Pausable:
        self._first_ids[assignment.source] = assignment.first_id
        source = self._sources[assignment.source] = Pausable(self._plan.make_source(assignment.source))
        if assignment.paused:
            source.pause()
        return source

    def _beat(self) -> bool:
        now = time.monotonic()
        if now - self._beat_at >= BEAT_S:
            self._beat_at = now
            self._link.send(messages.Beat(resident_bytes(), dict(self._dropped)))
        return True

    def _obey(self, pipeline: Pipeline) -> None:
        while (message := self._link.receive()) is not None:
            try:
                self._heed(message, pipeline)
            except RecognizerError as error:
                logger.error("{}", error)
        self._stop.set()  # the pool has gone
        self._pictures.abandon()
        time.sleep(_LEAVE_S)
        os._exit(1)

    def _heed(self, message: object, pipeline: Pipeline) -> None:
        match message:
            case messages.Free(slot):
                self._pictures.free(slot)
            case messages.Needs(needs):
                self._sink.needs = needs
            case messages.GalleryState(enrolled=enrolled, thresholds=thresholds, revision=revision):
                index = self._plan.make_index(message)
                pipeline.replace_gallery(index, frozenset(enrolled.names), thresholds, revision=revision)
            case messages.SetPaused(source, paused) if source in self._sources:
                self._sources[source].pause() if paused else self._sources[source].resume()
            case messages.Add(assignment):
                self._joining.put(self._take(assignment))
            case messages.Drop(source) if source in self._sources:
                self._sources.pop(source).close()
            case messages.Stop():
                self._stop.set()
                self._pictures.abandon()
            case _:
                logger.debug("a message that means nothing here: {}", message)


class _PoolSink(BaseSink):
    """Sends all that the run has to say."""

    def __init__(self, link: Link, pictures: PictureWriter, sources: Mapping[str, FrameSource]) -> None:
        self.needs: Mapping[str, PictureNeed] = {}
        self._link = link
        self._pictures = pictures
        self._sources = sources

    def emit(self, result: FrameResult) -> None:
        """Send a result, and its picture if it is wanted and there is room."""
        frame, place = result.frame, None
        need = self.needs.get(frame.source, PictureNeed.NONE)
        if need is PictureNeed.ALL or (need is PictureNeed.SAMPLES and (len(result.samples) or result.events)):
            source = self._sources.get(frame.source)
            place = self._pictures.write(frame.image, wait=source is not None and not source.live)
        distant = Frame(DistantPicture((frame.width, frame.height)), frame.index, frame.captured_at, frame.source)
        self._link.send(messages.Recognised(replace(result, frame=distant), place))

    def on_end(self, source: str, events: tuple[Event, ...]) -> None:
        """Send the end of a source's tracks."""
        self._link.send(SourceEnd(source, events))

    def on_source_state(self, change: SourceChange) -> None:
        """Send a change of state."""
        self._link.send(change)
