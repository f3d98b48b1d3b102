"""Whether a run is well: its loop turns, and its cameras send pictures. Read by ``python main.py health``."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from loguru import logger

from recognizer.emit.base import BaseSink
from recognizer.errors import OutputError
from recognizer.types import FrameResult, SourceChange, SourceState

STALE_S = 5.0
"""A loop that has not turned for so long hangs; a camera without a recognised frame for so long is stale."""
_WRITE_S = 1.0


@dataclass(slots=True)
class _Source:
    live: bool
    state: SourceState = SourceState.OPEN
    frame_at: float | None = None


class Health(BaseSink):
    """Follows a run; ``report`` may be called from any thread.

    Args:
        sources: names of all sources.
        live: names of the cameras.
        clock: monotonic, s.
    """

    def __init__(
        self, sources: Iterable[str], *, live: AbstractSet[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._sources = {name: _Source(name in live) for name in sources}
        self._turned_at = clock()

    def beat(self) -> None:
        """Note that the run's loop turns; called after each frame, and a few times a second without."""
        self._turned_at = self._clock()

    def emit(self, result: FrameResult) -> None:
        """Note a recognised frame."""
        self._sources[result.frame.source].frame_at = self._clock()

    def on_source_state(self, change: SourceChange) -> None:
        """Note a camera's change of state."""
        if change.source in self._sources:
            self._sources[change.source].state = change.state

    def report(self) -> dict[str, Any]:
        """Describe the run for JSON.

        ``alive``: its loop turns. ``ready``: and some camera that is not paused sends pictures, where there are any.
        ``problem``: why it is not, in words; ``sources``: each with ``state``, ``frame_age_s`` and ``stale``.
        """
        now = self._clock()
        loop_age_s = now - self._turned_at
        sources = [_described(name, source, now) for name, source in self._sources.items()]
        cameras = [each for each in sources if each["live"] and each["state"] != SourceState.PAUSED.value]
        stale = [each["name"] for each in cameras if each["stale"]]
        alive = loop_age_s <= STALE_S
        problem = None
        if not alive:
            problem = f"recognition has done nothing for {loop_age_s:.0f} s"
        elif cameras and len(stale) == len(cameras):
            problem = f"no camera has sent a picture for {STALE_S:.0f} s: {', '.join(stale)}"
        return {
            "alive": alive,
            "ready": problem is None,
            "problem": problem,
            "loop_age_s": round(loop_age_s, 1),
            "sources": sources,
        }


class HealthFile(BaseSink):
    """Writes the report to a file every second while open; a file that has not been written lately says it all.

    Args:
        path: of the file; removed at the end.
        health: of the run.
    """

    def __init__(self, path: Path, health: Health) -> None:
        self._path, self._health = path, health
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)

    def __enter__(self) -> Self:
        """Write it for the first time.

        Raises:
            OutputError: it cannot be written.
        """
        try:
            self._write()
        except OSError as error:
            raise OutputError(f"health.file: {self._path} cannot be written ({error.strerror}).") from error
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove it."""
        self._over.set()
        self._thread.join(2.0)
        self._path.unlink(missing_ok=True)

    def emit(self, result: FrameResult) -> None:
        """Take no results."""

    def _run(self) -> None:
        failed = False
        while not self._over.wait(_WRITE_S):
            try:
                self._write()
                failed = False
            except OSError as error:
                if not failed:
                    logger.error("health: {} cannot be written ({})", self._path, error.strerror)
                failed = True

    def _write(self) -> None:
        part = self._path.with_name(f"{self._path.name}.part")
        part.write_text(json.dumps({**self._health.report(), "written_at": time.time(), "pid": os.getpid()}), "utf-8")
        part.replace(self._path)


def _described(name: str, source: _Source, now: float) -> dict[str, Any]:
    age_s = None if source.frame_at is None else now - source.frame_at
    return {
        "name": name,
        "live": source.live,
        "state": source.state.value if source.live else "reading",
        "frame_age_s": None if age_s is None else round(age_s, 1),
        "stale": source.live and (age_s is None or age_s > STALE_S),
    }
