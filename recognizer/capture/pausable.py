"""A source that can be paused: it stays connected, and its frames are not recognised."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from recognizer.capture.source_wrapper import SourceWrapper
from recognizer.protocols import FrameSource
from recognizer.types import Frame, SourceChange, SourceState


@runtime_checkable
class CanPause(FrameSource, Protocol):
    """A source that can be paused."""

    @property
    def paused(self) -> bool:
        """Whether frames are held back."""

    def pause(self) -> None:
        """Hold frames back from now on; the source's tracks end."""

    def resume(self) -> None:
        """Pass frames on again."""


class Pausable(SourceWrapper):
    """Pass on the frames of a source while it is not paused.

    A paused camera goes on being read, so that it is live at once afterwards; a paused file waits.

    Args:
        source: any source.
    """

    def __init__(self, source: FrameSource) -> None:
        super().__init__(source)
        self._lock = threading.Lock()
        self._running, self._closed = threading.Event(), False
        self._running.set()
        self._state = SourceState.OPEN
        self._changes: list[SourceChange] = []

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

    def close(self) -> None:
        """Ask the iteration to end."""
        self._closed = True
        self._running.set()
        super().close()

    def state_changes(self) -> list[SourceChange]:
        """The source's changes of state, and those that pausing made."""
        changes = super().state_changes()
        with self._lock:
            for change in changes:
                self._state = change.state
            own, self._changes = self._changes, []
        return sorted([*changes, *own], key=lambda change: change.at)
