"""The pool: starts workers, takes their results to the sinks, and replaces those that hang, grow or end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from loguru import logger

from recognizer.counting import counted
from recognizer.decide.evidence import Thresholds
from recognizer.errors import RecognizerError, SourceError
from recognizer.gallery.records import Enrolled
from recognizer.protocols import FrameSource, PictureSink, Sink
from recognizer.runtime.channels import Outbox
from recognizer.runtime.emitter import Emitter
from recognizer.runtime.workers import messages
from recognizer.runtime.workers.distant_source import DistantSource
from recognizer.runtime.workers.ledger import Ledger
from recognizer.runtime.workers.process import WorkerProcess
from recognizer.runtime.workers.worker import Plan
from recognizer.types import PictureNeed
from recognizer.types.rejection import Rejection

POLL_S = 0.1
STOP_S = 1.2
"""For the workers to end after ``stop``; the program must have ended two seconds after a signal."""
START_S = 90.0
"""Within which a worker must recognise: the first one may convert models."""
STARVED_S = 20.0
"""A worker that is silent as it gets no processor time is left alone for so long."""
STOPPED_S = 0.5
"""Without supervision for so long, this process itself was stopped, or the machine slept: what the workers said
meanwhile was not read yet."""
LIVED_S = 10.0
"""A worker that lived so long is replaced at once; others after a wait, longer each time."""
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0


@dataclass(frozen=True, slots=True)
class Limits:
    """When a worker is replaced."""

    memory_bytes: int
    silent_s: float
    """Seconds without a sign of its recognising thread."""


@dataclass(slots=True)
class _Seat:
    """A worker, or the wait for the next one."""

    names: list[str]
    """Sources that it has, in order."""
    worker: WorkerProcess | None = None
    due_at: float | None = 0.0
    """When the next worker is started; ``None``: never, the sources have ended."""
    wait_s: float = FIRST_WAIT_S


class WorkerPool:
    """Recognises sources in workers.

    Args:
        plan: what a worker recognises with.
        sources: those of the settings, never opened here.
        count: workers.
        limits: when one is replaced.
    """

    def __init__(self, plan: Plan, sources: Sequence[FrameSource], *, count: int, limits: Limits) -> None:
        distant = [DistantSource(s.name, live=s.live, set_paused=self._set_paused) for s in sources]
        self.sources: Sequence[FrameSource] = distant
        """The sources, for the rest of the program."""
        self.replaced = 0
        """Workers that were replaced."""
        self.peak_bytes = 0
        """Most memory that all workers held together."""
        self._by_name = {source.name: source for source in distant}
        self._plan = plan
        self._limits = limits
        self._seats = [_Seat([source.name for source in distant[first::count]]) for first in range(count)]
        self._outbox = Outbox()
        self._ledger = Ledger(self._outbox, max_frames=None, on_released=self._hand_over)
        self._gallery: messages.GalleryState | None = None
        self._needs: dict[str, PictureNeed] = {}
        self._picture_sinks: list[PictureSink] = []
        self._failures: list[RecognizerError] = []
        self._max_seconds: float | None = None
        self._supervised_at = 0.0
        self._began_at: float | None = None
        """When the first worker recognised."""

    @property
    def cpu_s(self) -> float:
        """Processor time that the present workers have spent, s."""
        return sum(worker.cpu_s for worker in self._workers())

    def replace_gallery(
        self, enrolled: Enrolled, rejections: Sequence[Rejection], thresholds: Thresholds, *, revision: int = 0
    ) -> None:
        """Let all workers search another gallery; may be called from any thread. Its results bear the revision."""
        with self._ledger.lock:
            self._gallery = messages.GalleryState(enrolled, tuple(rejections), thresholds, revision)
            for worker in self._workers():
                worker.send(self._gallery)

    def run(
        self,
        sinks: Sequence[Sink],
        *,
        stop: threading.Event,
        go_on: Callable[[], bool] = lambda: True,
        dropped: dict[str, int],
        max_frames: int | None = None,
        max_seconds: float | None = None,
    ) -> None:
        """Recognise until the sources end, a limit is reached or ``stop`` is set; see ``runner.run``."""
        self._outbox = outbox = Outbox(stop)
        self._ledger = ledger = Ledger(outbox, max_frames=max_frames, on_released=self._hand_over)
        self._max_seconds = max_seconds
        self._picture_sinks = [sink for sink in sinks if isinstance(sink, PictureSink)]
        live = any(source.live for source in self.sources)
        with Emitter(sinks, outbox, stop) as emitter:
            emitter.start()
            try:
                while go_on() and not (ledger.enough.is_set() or outbox.failed or self._is_over()):
                    with ledger.lock:
                        self._supervise()
                        if all(seat.worker is None and seat.due_at is None for seat in self._seats):
                            break
                    dropped.update(self._dropped())
                    if stop.wait(POLL_S):
                        break
            finally:
                self._end_workers()
                dropped.update(self._dropped())
                emitter.finish(live=live)
            outbox.check()
        if self._failures:
            raise self._failures[0]

    def _is_over(self) -> bool:
        """Whether all sources are cameras, and were recognised for as long as wanted; a file ends by its own time."""
        if self._max_seconds is None or self._began_at is None:
            return False
        return all(s.live for s in self.sources) and time.monotonic() - self._began_at >= self._max_seconds

    def _workers(self) -> list[WorkerProcess]:
        return [seat.worker for seat in self._seats if seat.worker is not None]

    def _supervise(self) -> None:
        now = time.monotonic()
        if now - self._supervised_at > STOPPED_S or self._outbox.full:  # what they said could not be taken
            for silent in self._workers():
                silent.excuse(now)
        if self._began_at is None and any(worker.is_ready for worker in self._workers()):
            self._began_at = now
        self._supervised_at = now
        self._ask_for_pictures()
        for seat in self._seats:
            worker = seat.worker
            if worker is None and seat.due_at is not None and now >= seat.due_at:
                self._start(seat)
            elif worker is not None and worker.gone:
                self._on_end(seat, worker, now)
            elif worker is not None and not worker.killed and (why := self._complaint(worker, now)):
                logger.error("the process that recognises {} {} and is ended", _listed(seat.names), why)
                worker.kill()
        self.peak_bytes = max(self.peak_bytes, sum(worker.memory_bytes for worker in self._workers()))
        if all(seat.worker is not None for seat in self._seats) and not self._ledger.is_moving:
            self._move_when_due()

    def _start(self, seat: _Seat) -> None:
        names = seat.names
        start = messages.Start(
            tuple(self._assignment(name) for name in names),
            self._max_seconds,
            {name: self._needs[name] for name in names},
        )
        seat.due_at, seat.worker = None, WorkerProcess(self._plan, start, self._ledger.take, self._gallery)
        self._ledger.assign(names, seat.worker)

    def _assignment(self, name: str) -> messages.Assignment:
        return messages.Assignment(name, self._ledger.next_id(name), self._by_name[name].paused)

    def _complaint(self, worker: WorkerProcess, now: float) -> str | None:
        if worker.finished is not None:
            return None
        if worker.beat_at is None:
            return f"was not ready within {START_S:.0f} s" if now - worker.started_at > START_S else None
        silent_s = now - worker.beat_at
        if silent_s > self._limits.silent_s and (silent_s > STARVED_S or not worker.is_starved()):
            return f"hangs for {silent_s:.1f} s"
        if worker.memory_bytes > self._limits.memory_bytes:
            return f"has grown to {worker.memory_bytes / 1e6:.0f} MB"
        return None

    def _on_end(self, seat: _Seat, worker: WorkerProcess, now: float) -> None:
        """Note what a worker that ended left; replace it where its sources have not ended."""
        seat.worker = None
        self._ledger.lose(seat.names, worker)
        if worker.finished is not None:
            self._finish(seat, worker.finished, now)
            return
        status = worker.process.returncode
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        if not all(self._by_name[name].live for name in seat.names):  # a file that began again would be reported twice
            self._failures.append(SourceError(f"Recognition of {_listed(seat.names)} ended {how}."))
            return
        self.replaced += 1
        logger.warning("the process that recognised {} ended {} and is started again", _listed(seat.names), how)
        self._ledger.report_lost(seat.names, now, "its recognition is started again", returns=True)
        has_lived = worker.is_ready and now - worker.started_at > LIVED_S
        seat.due_at = now + (0.0 if has_lived else seat.wait_s)
        seat.wait_s = FIRST_WAIT_S if has_lived else min(2 * seat.wait_s, LONGEST_WAIT_S)

    def _finish(self, seat: _Seat, finished: messages.Finished, now: float) -> None:
        """Take the end of a worker; a failure is the run's only where no camera is recognised any more."""
        for name, shortfall in finished.shortfalls.items():
            self._by_name[name].shortfall = shortfall
        error = finished.error
        others = [each for each in self._seats if each is not seat and (each.worker or each.due_at is not None)]
        if error is not None and any(self._by_name[name].live for each in others for name in each.names):
            logger.error("{}", error)
            self._ledger.report_lost(seat.names, now, str(error), returns=False)
        elif error is not None:
            self._failures.append(error)

    def _move_when_due(self) -> None:
        move = self._ledger.loads.due_move([seat.names for seat in self._seats])
        if move is not None and self._by_name[move.source].live:
            logger.info("{}: goes to another process, which has more time", move.source)
            self._ledger.move(move.source, move.worker)

    def _hand_over(self, giver: WorkerProcess, source: str, taker: int) -> None:
        for seat in self._seats:
            if seat.worker is giver:
                seat.names.remove(source)
        seat = self._seats[taker]
        seat.names.append(source)
        if seat.worker is not None:  # else it is among the sources that the next one begins with
            self._ledger.assign([source], seat.worker)
            seat.worker.send(messages.Add(self._assignment(source)))
            seat.worker.send(messages.Needs({name: self._needs[name] for name in seat.names}))

    def _ask_for_pictures(self) -> None:
        wanted = {
            name: max((sink.picture_need(name) for sink in self._picture_sinks), default=PictureNeed.NONE)
            for name in self._by_name
        }
        if wanted != self._needs:
            self._needs = wanted
            for seat in self._seats:
                if seat.worker is not None:
                    seat.worker.send(messages.Needs({name: wanted[name] for name in seat.names}))

    def _dropped(self) -> Mapping[str, int]:
        counts = self._ledger.dropped(self._workers())
        return {name: counts.get(name, 0) for name in self._by_name}

    def _end_workers(self) -> None:
        """Let the workers end; those that hang are ended, and their tracks."""
        for worker in self._workers():
            worker.send(messages.Stop())
        deadline = time.monotonic() + STOP_S
        while any(not worker.gone for worker in self._workers()) and time.monotonic() < deadline:
            time.sleep(POLL_S / 10)
        for seat in self._seats:
            if seat.worker is not None:
                seat.worker.kill()
                self._ledger.lose(seat.names, seat.worker)
                if seat.worker.finished is not None:
                    self._finish(seat, seat.worker.finished, time.monotonic())

    def _set_paused(self, name: str, paused: bool) -> None:
        with self._ledger.lock:  # else a worker that is just started would begin with the state before
            self._by_name[name].paused = paused
            if (worker := self._ledger.owner(name)) is not None:
                worker.send(messages.SetPaused(name, paused))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else counted(len(names), "source", "sources")
