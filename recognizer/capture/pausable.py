"""A source that can be paused: it stays connected, and its frames are not recognised."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from recognizer.protocols import FrameSource, ReportsState
from recognizer.types import Frame, SourceChange, SourceState


class Pausable:
    """Pass on the frames of a source while it is not paused.

    A paused camera goes on being read, so that it is live at once afterwards; a paused file waits.

    Args:
        source: any source.
    """

    def __init__(self, source: FrameSource) -> None:
        self.name = source.name
        self.live = source.live
        self.source = source
        self._lock = threading.Lock()
        self._running, self._closed = threading.Event(), False
        self._running.set()
        self._state = SourceState.OPEN
        self._changes: list[SourceChange] = []

    def __enter__(self) -> Self:
        """Open the source."""
        self.source.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the source."""
        self.source.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames that come while it is not paused."""
        for frame in self.source:
            if not self._running.is_set():
                if self.live:
                    continue
                self._running.wait()
            if self._closed:
                return
            yield frame

    @property
    def paused(self) -> bool:
        """Whether frames are held back."""
        return not self._running.is_set()

    def pause(self) -> None:
        """Hold frames back from now on; the source's tracks end."""
        with self._lock:
            if not self.paused:
                self._running.clear()
                self._changes.append(SourceChange(self.name, SourceState.PAUSED, time.monotonic(), "paused"))

    def resume(self) -> None:
        """Pass frames on again."""
        with self._lock:
            if self.paused and not self._closed:
                self._changes.append(SourceChange(self.name, self._state, time.monotonic()))
                self._running.set()

    @property
    def frame_rate(self) -> float | None:
        """Frames a second."""
        return self.source.frame_rate

    @property
    def frame_count(self) -> int | None:
        """How many frames come in all."""
        return self.source.frame_count

    @property
    def shortfall(self) -> str | None:
        """In words, what could not be read of a file."""
        return self.source.shortfall

    def close(self) -> None:
        """Ask the iteration to end."""
        self._closed = True
        self._running.set()
        self.source.close()

    def state_changes(self) -> list[SourceChange]:
        """The source's changes of state, and those that pausing made."""
        changes = self.source.state_changes() if isinstance(self.source, ReportsState) else []
        with self._lock:
            for change in changes:
                self._state = change.state
            own, self._changes = self._changes, []
        return sorted([*changes, *own], key=lambda change: change.at)
