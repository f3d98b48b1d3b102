"""The thread that hands results to the sinks, and the sinks' life."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from loguru import logger

from recognizer.protocols import Sink, StateSink
from recognizer.runtime.channels import Outbox, SourceEnd
from recognizer.types import FrameResult

JOIN_S = 10.0
"""For the sinks of live sources at the end of a run."""
STOPPED_JOIN_S = 0.7
"""After ``stop``, for a thread that may hang."""
_POLL_S = 0.2


class Emitter:
    """Opens sinks, and gives them from one thread what comes through the outbox.

    Args:
        sinks: opened and closed here.
        outbox: results, in order.
        stop: set when the run is to end.
    """

    def __init__(self, sinks: Sequence[Sink], outbox: Outbox, stop: threading.Event) -> None:
        self._sinks = sinks
        self._outbox = outbox
        self._stop = stop
        self._opened = ExitStack()
        self._thread = threading.Thread(target=self._emit, name="emit", daemon=True)

    def __enter__(self) -> Self:
        """Open the sinks; raises ``OutputError`` when one cannot be written."""
        with ExitStack() as opening:
            for sink in self._sinks:
                opening.enter_context(sink)
            self._opened = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the sinks, the last one first."""
        self._opened.__exit__(kind, error, trace)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def finish(self, *, live: bool) -> None:
        """Close the outbox and wait for the sinks.

        Args:
            live: wait ``JOIN_S`` at most; for files as long as it takes, as their results are never dropped, until
                asked to stop.
        """
        self._outbox.close()
        if self._thread.ident is None:
            return
        deadline = time.monotonic() + JOIN_S if live else float("inf")
        while self._thread.is_alive() and not self._stop.is_set() and time.monotonic() < deadline:
            self._thread.join(_POLL_S)
        self._thread.join(STOPPED_JOIN_S)
        if self._thread.is_alive() or self._outbox.dropped:
            logger.error("an output hangs: {} results or more were dropped", self._outbox.dropped)

    def _emit(self) -> None:
        try:
            while (message := self._outbox.take()) is not None:
                for sink in self._sinks:
                    if isinstance(message, FrameResult):
                        sink.emit(message)
                    elif isinstance(message, SourceEnd):
                        sink.on_end(message.source, message.events)
                    elif isinstance(sink, StateSink):
                        sink.on_source_state(message)
        except BaseException as error:
            self._outbox.fail(error)
