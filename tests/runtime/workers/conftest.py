"""A run in workers, on a thread, that a test follows."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recognizer.runtime.workers.pool import Limits, WorkerPool
from recognizer.types import EventKind, SourceState
from tests.fakes import ListSink
from tests.runtime.workers.painted_plan import PaintedPlan

WAIT_S = 60.0
LIMITS = Limits(memory_bytes=250_000_000, silent_s=2.0)


class PoolRun:
    """A pool that recognises until ``end``."""

    def __init__(
        self, folder: Path, *names: str, count: int = 2, limits: Limits = LIMITS, max_seconds: float | None = None
    ) -> None:
        self.max_seconds = max_seconds
        self.plan = PaintedPlan(folder)
        self.pool = WorkerPool(self.plan, [self.plan.make_source(name) for name in names], count=count, limits=limits)
        self.sink = ListSink()
        self.dropped: dict[str, int] = {}
        self.stop = threading.Event()
        self.error: BaseException | None = None
        self.folder = folder
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> PoolRun:
        self._thread.start()
        return self

    def _run(self) -> None:
        try:
            self.pool.run([self.sink], stop=self.stop, dropped=self.dropped, max_seconds=self.max_seconds)
        except BaseException as error:
            self.error = error

    def end(self) -> float:
        """End the run; return how long that took, s."""
        began = time.monotonic()
        self.stop.set()
        return self.join() - began

    def join(self) -> float:
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()
        return time.monotonic()

    def wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < deadline, self.sink.messages[-5:]
            assert self._thread.is_alive() or condition(), self.error
            time.sleep(0.02)

    def frames(self, source: str) -> int:
        return sum(result.frame.source == source for result in self.sink.results)

    def wait_for_names(self, *sources: str) -> None:
        """Wait until everybody is named, after what was seen so far."""
        seen = len(self.sink.results)
        for source in sources:
            self.wait(lambda source=source: self.named(source, seen))  # type: ignore[misc]

    def named(self, source: str, after: int = 0) -> bool:
        return any(
            who.name == f"person {source[-1]}"
            for result in self.sink.results[after:]
            if result.frame.source == source
            for who in result.identities
        )

    def process_of(self, source: str) -> int:
        """The newest process that recognises a source, which is its first one."""
        files = [file for file in self.folder.iterdir() if file.name.isdecimal() and file.read_text("utf-8") == source]
        return int(max(files, key=lambda file: file.stat().st_mtime_ns).name)

    def signal(self, source: str, number: int) -> None:
        os.kill(self.process_of(source), number)

    def states(self, source: str) -> list[SourceState]:
        return [change.state for change in self.sink.changes if change.source == source]

    def open_tracks(self) -> set[tuple[str, int]]:
        open_tracks: set[tuple[str, int]] = set()
        for event in self.sink.events:
            key = (event.source, event.track_id)
            if event.kind is EventKind.LOST:
                open_tracks.remove(key)
            else:
                open_tracks.add(key)
        return open_tracks


@pytest.fixture
def make_run(tmp_path: Path) -> Iterator[Callable[..., PoolRun]]:
    runs: list[PoolRun] = []

    def make(*names: str, **options: object) -> PoolRun:
        runs.append(PoolRun(tmp_path, *names, **options))  # type: ignore[arg-type]
        return runs[-1].start()

    yield make
    for run in runs:
        run.end()
