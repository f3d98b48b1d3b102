"""A sink that turns events into the JSON objects of the event log and queues them for delivery."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from recognizer.clock import WallClock
from recognizer.emit.base import BaseSink
from recognizer.emit.event_json import event_record, source_record
from recognizer.integrations.delivering import DeliveryThread
from recognizer.types import Event, FrameResult, SourceChange


class EventSink(BaseSink):
    """Queues events; subclasses say under which topic, and in which form.

    Args:
        deliveries: sends them; started and closed with the sink.
        times: gives times of day, and which sources are cameras.
    """

    def __init__(self, deliveries: DeliveryThread, *, times: WallClock) -> None:
        self.deliveries = deliveries
        self._times = times
        self._origins: dict[str, float] = {}

    def message(self, source: str, record: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
        """Return topic and JSON object of an event; ``None``: it is not sent."""
        raise NotImplementedError

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
        self._times.restart()
        self.deliveries.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Deliver what can be delivered at once; the rest waits for the next run."""
        self.deliveries.close()

    def emit(self, result: FrameResult) -> None:
        """Queue the frame's events."""
        frame = result.frame
        self._origins.setdefault(frame.source, frame.captured_at if self._times.is_live(frame.source) else 0.0)
        self._queue(result.events)

    def on_end(self, source: str, events: tuple[Event, ...]) -> None:
        """Queue the lost events of a source's tracks."""
        self._queue(events)

    def on_source_state(self, change: SourceChange) -> None:
        """Queue that a camera was lost, or is back."""
        if change.event is not None:
            origin = self._origins.setdefault(change.source, change.at)
            moment = self._times.live_moment(change.at)
            self._put(change.source, source_record(change, moment=moment, at_s=change.at - origin))

    def _queue(self, events: tuple[Event, ...]) -> None:
        for event in events:
            at_s = event.at - self._origins.get(event.source, 0.0)
            moment = self._times.moment(event.source, event.at if self._times.is_live(event.source) else at_s)
            self._put(event.source, event_record(event, moment=moment, at_s=at_s))

    def _put(self, source: str, record: Mapping[str, Any]) -> None:
        message = self.message(source, record)
        if message is not None:
            self.deliveries.put(*message)
