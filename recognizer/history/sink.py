"""The sink that writes the history."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from recognizer.history.collector import TrackCollector
from recognizer.history.records import DecisionFacts
from recognizer.history.writer import HistoryWriter
from recognizer.types import Event, FrameResult, PictureNeed

_STOPPED_S = 1.2
"""A stopped run must end within two seconds."""
_CLOSE_S = 30.0
"""A run that came to its end waits longer for its last tracks, as of a database that is just restarted."""


class HistorySink:
    """Collects the tracks of all sources and hands them to the writer.

    Args:
        collector: makes records.
        writer: saves them.
        stop: set when the run should stop.
    """

    closed = False

    def __init__(self, collector: TrackCollector, writer: HistoryWriter, *, stop: threading.Event) -> None:
        self._collector = collector
        self._writer = writer
        self._stop = stop

    @property
    def failed(self) -> str | None:
        """Why the database does not take tracks."""
        return None if self._writer.failed is None else f"history: {self._writer.failed}"

    @property
    def lost(self) -> int:
        """Tracks that were dropped."""
        return self._writer.lost

    def __enter__(self) -> Self:
        """Start the writer."""
        self._writer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Save the tracks that are still open, and what waits."""
        for record in self._collector.flush():
            self._writer.add(record)
        self._writer.finish(_CLOSE_S, self._stop, stopping_s=_STOPPED_S)

    def picture_need(self, source: str) -> PictureNeed:
        """Pictures are needed for crops only."""
        return PictureNeed.SAMPLES if self._collector.crops else PictureNeed.NONE

    def decided_by(self, people: frozenset[str], facts: DecisionFacts) -> None:
        """Take who is enrolled now, so that nobody who was removed comes back with a track that goes on.

        Call it before the pipeline gets the gallery: its results bear the revision of the facts.
        """
        self._collector.gallery_changed(people, facts)

    def emit(self, result: FrameResult) -> None:
        """Queue the tracks that ended in this frame."""
        for record in self._collector.add(result):
            self._writer.add(record)

    def on_end(self, source: str, events: tuple[Event, ...]) -> None:
        """Queue the last tracks of a source."""
        for record in self._collector.end(source, events):
            self._writer.add(record)
