"""The stream of events for browsers and programs: server-sent events that go on where the reader was.

The newest events are held in memory here, and in the recognition process: either may be started anew without a gap.
What is older comes from the history, where there is one.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from recognizer.emit.event_memory import KEPT_EVENTS
from recognizer.serve.errors import ServiceError
from recognizer.serve.live import SEND_S, send_in_time, wait_for, wait_gone

if TYPE_CHECKING:
    from recognizer.serve.recognition import Recognition

MAX_READERS = 32
HEARTBEAT_S = 10.0
"""Without an event for so long, a comment is sent: proxies close connections that are silent for a minute."""
_RETRY_S = 0.5
_WAIT_S = 5.0

Older = Callable[[int], Awaitable[Sequence[dict[str, Any]]]]
"""Returns events of the history after a time, microseconds since 1970, the oldest first."""


class EventFeed:
    """Follows the recognition process's events and holds the newest.

    Args:
        recognition: where events come from.
    """

    def __init__(self, recognition: Recognition) -> None:
        self.readers = 0
        self.first = 0
        """Count of the oldest event that is held."""
        self.changed = asyncio.Condition()
        self._recognition = recognition
        self._held: deque[dict[str, Any]] = deque()

    @property
    def end(self) -> int:
        """Count of the event that comes next."""
        return self.first + len(self._held)

    @property
    def closing(self) -> bool:
        """Whether the process should end."""
        return self._recognition.closing

    async def follow(self) -> None:
        """Take events from the recognition process for ever."""
        newest: str | None = None
        while True:
            try:
                events = await self._recognition.call("events", after=newest, wait_s=_WAIT_S)
            except ServiceError:
                await asyncio.sleep(_RETRY_S)
                continue
            if events:
                newest = events[-1]["id"]
                await self.add(events)

    async def add(self, events: Sequence[dict[str, Any]]) -> None:
        """Hold events, and wake those who wait for them."""
        async with self.changed:
            self._held.extend(events)
            while len(self._held) > KEPT_EVENTS:
                self._held.popleft()
                self.first += 1
            self.changed.notify_all()

    def since(self, count: int) -> list[dict[str, Any]]:
        """Return the events from a count on, which must be held."""
        return [self._held[place] for place in range(count - self.first, len(self._held))]

    def place_after(self, event_id: str) -> int | None:
        """Return the count of the event after one; ``None`` where that one is not held."""
        for place in range(len(self._held) - 1, -1, -1):
            if self._held[place]["id"] == event_id:
                return self.first + place + 1
        return None

    def place_after_time(self, time_us: int) -> int:
        """Return the count of the first held event after a time."""
        for place, event in enumerate(self._held):
            if time_of(event["id"]) > time_us:
                return self.first + place
        return self.end


def time_of(event_id: str) -> int:
    """Return the time in an event's id, microseconds since 1970.

    Raises:
        ServiceError: 422, it is no such id.
    """
    time_us, dash, number = event_id.partition("-")
    if not (dash and time_us.isdecimal() and number.isdecimal() and len(event_id) < 60 and event_id.isascii()):
        raise ServiceError(422, "invalid_request", "Last-Event-ID: wanted the id of an event of this stream.")
    return int(time_us)


class EventStream(Response):
    """Server-sent events: first what the reader missed, then what happens.

    Args:
        feed: newest events.
        last_id: id of the last event that the reader has; ``None``: only new ones.
        older: reads what is not held any more.
        send_s: seconds in which the reader must take what is sent.
    """

    def __init__(self, feed: EventFeed, *, last_id: str | None, older: Older, send_s: float = SEND_S) -> None:
        super().__init__(media_type="text/event-stream")
        self._feed, self._last_id, self._older, self._send_s = feed, last_id, older, send_s
        if feed.readers >= MAX_READERS:
            raise ServiceError(
                503, "too_many_readers", f"{MAX_READERS} readers follow already.", headers={"retry-after": "5"}
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the reader leaves, does not read, or the process ends."""
        headers = [(key, value) for key, value in self.raw_headers if key != b"content-length"]
        headers.append((b"x-accel-buffering", b"no"))
        gone = asyncio.create_task(wait_gone(scope, receive))
        self._feed.readers += 1
        try:
            count, missed = await self._missed()
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send_in_time(send, b"retry: 2000\n\n" + b"".join(map(_message, missed)), self._send_s)
            silent_s = 0.0
            while not gone.done() and not self._feed.closing:
                async with self._feed.changed:
                    if self._feed.end == count:
                        silent_s += await wait_for(self._feed.changed)
                    if count < self._feed.first:
                        return  # too slow: it comes back and says where it was
                    events, count = self._feed.since(count), self._feed.end
                if events or silent_s >= HEARTBEAT_S:
                    silent_s = 0.0
                    await send_in_time(send, b"".join(map(_message, events)) or b": alive\n\n", self._send_s)
            await send_in_time(send, b"", self._send_s, more=False)
        except TimeoutError:
            return  # uvicorn closes the connection, as the answer is not complete
        finally:
            self._feed.readers -= 1
            gone.cancel()

    async def _missed(self) -> tuple[int, list[dict[str, Any]]]:
        """Count of the next event to send, and those before it that come from the history."""
        if self._last_id is None:
            return self._feed.end, []
        place = self._feed.place_after(self._last_id)
        if place is not None:
            return place, []
        time_us = time_of(self._last_id)
        held = self._feed.place_after_time(time_us)
        first = self._feed.since(held)[:1]
        until = time_of(first[0]["id"]) if first else None
        older = await self._older(time_us)
        return held, [event for event in older if until is None or time_of(event["id"]) < until]


def _message(event: dict[str, Any]) -> bytes:
    return f"id: {event['id']}\ndata: {json.dumps(event, separators=(',', ':'))}\n\n".encode()
