"""Sinks whose messages are delivered later: any, and those that send the events of the event log."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from recognizer.clock import WallClock
from recognizer.emit.base import BaseSink
from recognizer.emit.event_json import EventRecorder
from recognizer.integrations.delivering import DeliveryThread
from recognizer.integrations.rules.types import Alert
from recognizer.types import Event, FrameResult, SourceChange

Record = Mapping[str, Any]
"""An event of the event log."""


class DeliveringSink(BaseSink):
    """A sink whose messages wait in a file until they are delivered.

    Args:
        deliveries: sends them; started and closed with the sink.
    """

    def __init__(self, deliveries: DeliveryThread) -> None:
        self.deliveries = deliveries

    @property
    def failed(self) -> str | None:  # type: ignore[override]
        """What was lost; a receiver that is away is no failure, as messages wait for it."""
        return f"{self.deliveries.name}: {self.lost} messages were lost" if self.lost else None

    @property
    def lost(self) -> int:  # type: ignore[override]
        """Messages that were dropped."""
        return self.deliveries.lost

    def gallery_changed(self, people: frozenset[str]) -> None:
        """Take names of removed people out of what waits."""
        self.deliveries.gallery_changed(people)

    def __enter__(self) -> Self:
        """Start to deliver.

        Raises:
            OutputError: messages cannot be kept on disk.
        """
        self.deliveries.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Deliver what can be delivered at once; the rest waits for the next run."""
        self.deliveries.close()


class EndTogether(BaseSink):
    """Lets all deliveries end at the same time; closed before their sinks, which would end one after the other.

    Args:
        deliveries: of all sinks.
    """

    def __init__(self, deliveries: Sequence[DeliveryThread]) -> None:
        self._deliveries = tuple(deliveries)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ask them all to end."""
        for each in self._deliveries:
            each.request_end()

    def emit(self, result: FrameResult) -> None:
        """Take no results."""


class EventSink(DeliveringSink, ABC):
    """Queues events; subclasses say under which topic, and in which form.

    Args:
        deliveries: sends them; started and closed with the sink.
        times: gives times of day, and which sources are cameras.
    """

    def __init__(self, deliveries: DeliveryThread, *, times: WallClock) -> None:
        super().__init__(deliveries)
        self._times = times
        self._recorder = EventRecorder(times)

    @abstractmethod
    def message(self, source: str, record: Record) -> tuple[str, Record] | None:
        """Return topic and JSON object of an event; ``None``: it is not sent."""

    @abstractmethod
    def alert(self, alert: Alert) -> None:
        """Queue what a rule reports; returns at once, safe from any thread."""

    def __enter__(self) -> Self:
        """Start to deliver.

        Raises:
            OutputError: events cannot be kept on disk.
        """
        self._recorder.restart()
        return super().__enter__()

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

    def _put(self, source: str, record: Record) -> None:
        message = self.message(source, record)
        if message is not None:
            self.deliveries.put(*message)
