"""Which worker recognises which source, and what of its results counts. The threads that listen to workers use it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from loguru import logger

from recognizer.runtime.channels import Outbox, SinkMessage, SourceEnd
from recognizer.runtime.workers import messages
from recognizer.runtime.workers.balance import Loads
from recognizer.runtime.workers.open_tracks import OpenTracks
from recognizer.runtime.workers.process import WorkerProcess
from recognizer.types import Event, FrameResult, SourceChange, SourceState


class Ledger:
    """Takes what workers say, and passes on what counts: of each source, only what its present worker says.

    Args:
        outbox: to the sinks.
        max_frames: results passed on in all.
        on_released: called when a worker has dropped a source that ``move`` named, with the number of its taker.
    """

    def __init__(
        self, outbox: Outbox, *, max_frames: int | None, on_released: Callable[[WorkerProcess, str, int], None]
    ) -> None:
        self.lock = threading.RLock()
        """Of all that follows, and of the pool's own state."""
        self.enough = threading.Event()
        """So many frames were recognised as were wanted."""
        self.loads = Loads()
        self._outbox = outbox
        self._frames_left = max_frames
        self._on_released = on_released
        self._owner: dict[str, WorkerProcess] = {}
        self._moving: dict[str, int] = {}
        self._returning: set[str] = set()
        """Sources whose worker was replaced, and of which no frame came since."""
        self._tracks = OpenTracks()
        self._dropped_before: dict[str, int] = {}

    def assign(self, names: Sequence[str], worker: WorkerProcess) -> None:
        """Let a worker's results of these sources count from now on."""
        with self.lock:
            self._owner.update(dict.fromkeys(names, worker))

    def owner(self, source: str) -> WorkerProcess | None:
        """Return the worker of a source."""
        return self._owner.get(source)

    def next_id(self, source: str) -> int:
        """Return the number of a source's next track."""
        return self._tracks.largest_id(source) + 1

    @property
    def is_moving(self) -> bool:
        """A source is between two workers."""
        return bool(self._moving)

    def move(self, source: str, taker: int) -> None:
        """Ask the worker of a source to drop it."""
        with self.lock:
            self._moving[source] = taker
            self._owner[source].send(messages.Drop(source))

    def lose(self, names: Sequence[str], worker: WorkerProcess) -> None:
        """End the tracks of sources whose worker is gone."""
        with self.lock:
            for name, count in worker.dropped.items():
                self._dropped_before[name] = self._dropped_before.get(name, 0) + count
            worker.dropped = {}
            ended = [SourceEnd(name, self._tracks.lose(name)) for name in names]
            for name in names:
                self._moving.pop(name, None)
                if self._owner.get(name) is worker:  # what it still says counts no more
                    del self._owner[name]
        for end in ended:
            self._put(end)

    def report_lost(self, names: Sequence[str], at: float, why: str, *, returns: bool) -> None:
        """Report that sources are lost; those that return are reported again with their next frame."""
        for name in names:
            if returns:
                self._returning.add(name)
            self._put(SourceChange(name, SourceState.LOST, at, why, "source_lost"))

    def dropped(self, workers: Sequence[WorkerProcess]) -> Mapping[str, int]:
        """Return how many frames of each source were dropped."""
        with self.lock:
            counts = dict(self._dropped_before)
            for worker in workers:
                for name, count in worker.dropped.items():
                    counts[name] = counts.get(name, 0) + count
            return counts

    def take(self, worker: WorkerProcess, message: Any) -> None:
        """Take a message of a worker, on the thread that listens to it."""
        match message:
            case None:
                worker.gone = True
            case messages.Ready():
                worker.is_ready = True
            case messages.Beat(memory_bytes, dropped):
                worker.take_beat(memory_bytes, dropped)
            case messages.Log(level, text):
                logger.log(level, "{}", text)
            case messages.Finished(dropped=dropped):
                worker.dropped, worker.finished = dict(dropped), message
            case messages.Recognised():
                self._take_result(worker, message)
            case SourceEnd(source, events):
                self._take_end(worker, source, events)
            case SourceChange(source=source) if self._owner.get(source) is worker and source not in self._moving:
                self._put(message)

    def _take_result(self, worker: WorkerProcess, message: messages.Recognised) -> None:
        result, source = message.result, message.result.frame.source
        if message.place is not None:
            picture = worker.pictures.read(message.place)
            worker.send(messages.Free(message.place.slot))
            result = replace(result, frame=replace(result.frame, picture=picture))
        with self.lock:
            if self._owner.get(source) is not worker or self.enough.is_set():
                return
            is_back = self._note(result)
        if is_back:
            self._put(SourceChange(source, SourceState.LIVE, result.frame.captured_at, "", "source_back"))
        self._put(result)

    def _note(self, result: FrameResult) -> bool:
        """Note a result; return whether its source was lost and is back."""
        source = result.frame.source
        self._tracks.add(result)
        self.loads.add(source, sum(result.timings.values()))
        if self._frames_left is not None:
            self._frames_left -= 1
            if self._frames_left <= 0:
                self.enough.set()
        is_back = source in self._returning
        self._returning.discard(source)
        return is_back

    def _take_end(self, worker: WorkerProcess, source: str, events: tuple[Event, ...]) -> None:
        with self.lock:
            if self._owner.get(source) is not worker:
                return
            self._tracks.end(source, events)
            if source in self._moving:
                self._on_released(worker, source, self._moving.pop(source))
        self._put(SourceEnd(source, events))

    def _put(self, message: SinkMessage) -> None:
        with suppress(BaseException):  # what a sink raised ends the run, and is raised there
            self._outbox.put(message)
