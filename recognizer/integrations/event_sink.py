"""A sink that turns events into the JSON objects of the event log and queues them for delivery."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from recognizer.clock import WallClock
from recognizer.emit.base import BaseSink
from recognizer.emit.event_json import EventRecorder
from recognizer.integrations.delivering import DeliveryThread
from recognizer.types import Event, FrameResult, SourceChange


class EventSink(BaseSink, ABC):
    """Queues events; subclasses say under which topic, and in which form.

    Args:
        deliveries: sends them; started and closed with the sink.
        times: gives times of day, and which sources are cameras.
    """

    def __init__(self, deliveries: DeliveryThread, *, times: WallClock) -> None:
        self.deliveries = deliveries
        self._times = times
        self._recorder = EventRecorder(times)

    @abstractmethod
    def message(self, source: str, record: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
        """Return topic and JSON object of an event; ``None``: it is not sent."""

    @property
    def failed(self) -> str | None:  # type: ignore[override]
        """What was lost; a receiver that is away is no failure, as events wait for it."""
        return f"{self.deliveries.name}: {self.lost} events were lost" if self.lost else None

    @property
    def lost(self) -> int:  # type: ignore[override]
        """Events that were dropped."""
        return self.deliveries.lost

    def __enter__(self) -> Self:
        """Start to deliver.

        Raises:
            OutputError: events cannot be kept on disk.
        """
        self._recorder.restart()
        self.deliveries.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Deliver what can be delivered at once; the rest waits for the next run."""
        self.deliveries.close()

    def emit(self, result: FrameResult) -> None:
        """Queue the frame's events."""
        self._recorder.begin(result.frame)
        self._queue(result.events)

    def on_end(self, source: str, events: tuple[Event, ...]) -> None:
        """Queue the lost events of a source's tracks."""
        self._queue(events)

    def on_source_state(self, change: SourceChange) -> None:
        """Queue that a camera was lost, or is back."""
        if (recorded := self._recorder.of_change(change)) is not None:
            self._put(change.source, recorded[1])

    def _queue(self, events: tuple[Event, ...]) -> None:
        for event in events:
            self._put(event.source, self._recorder.of_event(event)[1])

    def _put(self, source: str, record: Mapping[str, Any]) -> None:
        message = self.message(source, record)
        if message is not None:
            self.deliveries.put(*message)
