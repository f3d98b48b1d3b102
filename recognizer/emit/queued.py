"""Run a sink on its own thread behind a short queue, so that a hanging disk blocks no camera and no other sink."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from types import TracebackType

from loguru import logger

from recognizer.emit.background import Background
from recognizer.emit.base import WrappingSink
from recognizer.protocols import Sink
from recognizer.types import Event, FrameResult

_MOST_WAITING = 8
"""Results, each with its picture."""
_PATIENCE_S = 0.2
"""Without progress for so long, a sink of a live source hangs; the results before it may wait that long unharmed."""
_CLOSE_S = 10.0


class QueuedSink(WrappingSink):
    """Pass results to a sink on a separate thread.

    Args:
        sink: receives them; opened by the caller's thread, closed by the other.
        name: as messages name it.
        lossy: for live sources: when the sink makes no progress, results are dropped and counted, with one log line.
            Otherwise ``emit`` waits, until ``stop``.
        stop: set when the run should stop.
    """

    def __init__(self, sink: Sink, *, name: str, lossy: bool, stop: threading.Event | None = None) -> None:
        super().__init__(sink)
        self.lost = 0
        """Results that were dropped."""
        self._name = name
        self._lossy = lossy
        self._stop = stop or threading.Event()
        self._waiting: deque[Callable[[], None]] = deque()
        self._background = Background(self._work, name=name)
        self._progress_at = time.monotonic()
        self._hangs = self._close = self._left = False

    @property
    def failed(self) -> str | None:
        """Why the sink failed."""
        if self._left:
            return f"{self._name}: its disk does not answer"
        return super().failed

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the sink after what waits; one that hangs is left behind."""
        self._close = True
        self._background.request()
        patience_s = _CLOSE_S if self._lossy else None
        if self._background.error is not None:  # its thread has ended
            self._sink.__exit__(kind, error, trace)
            if error is None:
                raise self._background.error
            return
        self._left = not self._background.end(patience_s, self._stop, stopping_s=_CLOSE_S)
        if self._left:
            logger.error("{}: could not be closed, its disk does not answer", self._name)
        if self.lost:
            logger.error("{}: {} frames were lost, its disk did not answer", self._name, self.lost)
        if self._background.error is not None and error is None:
            raise self._background.error

    def emit(self, result: FrameResult) -> None:
        """Hand over; raises what the sink raised."""
        self._enqueue(partial(self._sink.emit, result))

    def on_end(self, source: str, events: tuple[Event, ...]) -> None:
        """Hand over the end of a source, after its results."""
        self._enqueue(partial(self._sink.on_end, source, events))

    def _enqueue(self, call: Callable[[], None]) -> None:
        if self._background.error is not None:
            raise self._background.error
        while len(self._waiting) >= _MOST_WAITING and not self._stop.is_set():
            if self._lossy and time.monotonic() - self._progress_at > _PATIENCE_S:
                self.lost += 1
                if not self._hangs:
                    logger.error("{}: its disk does not answer, frames are lost; recognition goes on", self._name)
                self._hangs = True
                return
            self._background.wait(0.01)
            if self._background.error is not None:
                raise self._background.error
        if self._hangs:
            logger.info("{}: being written again, {} frames lost so far", self._name, self.lost)
            self._hangs = False
        if not self._waiting:
            self._progress_at = time.monotonic()
        self._waiting.append(call)
        self._background.request()

    def _work(self) -> None:
        try:
            while self._waiting:
                self._waiting[0]()
                self._waiting.popleft()
                self._progress_at = time.monotonic()
        finally:
            if self._close:
                self._close = False  # set during this pass; there may be another one
                self._sink.__exit__(None, None, None)
