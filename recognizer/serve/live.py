"""Live pictures for viewers: one request to the recognition process for all who watch a source at one width."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from recognizer.emit.live_pictures import rounded_width
from recognizer.serve.access.scopes import still_allowed
from recognizer.serve.errors import ServiceError

if TYPE_CHECKING:
    from recognizer.serve.recognition import Recognition

MAX_VIEWERS = 8
MAX_TAKING = 24
"""Single pictures that are taken at a time. Each waits on a connection of its own, of which recognition has 64
(`recognizer.runtime.control`); events and commands need theirs."""
SEND_S = 5.0
"""A viewer that does not take a picture for so long is cut off."""
_POLL_S = 0.5
"""Longest delay until the end of the process is noticed."""
_ALLOWED_S = 1.0
"""Seconds between checks that a viewer may still watch."""
_RETRY_S = 0.5
_WAIT_S = 2.0
_BOUNDARY = b"frame"

Key = tuple[str, int]
"""Source, and wanted width in px."""


@dataclass(slots=True)
class _Channel:
    viewers: int = 0
    count: int = 0
    """Pictures so far."""
    jpeg: bytes = b""
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    task: asyncio.Task[None] | None = None


class LiveHub:
    """Hands the newest picture of each watched source to its viewers.

    Args:
        recognition: where pictures come from.
    """

    def __init__(self, recognition: Recognition) -> None:
        self.viewers = 0
        self._recognition = recognition
        self._channels: dict[Key, _Channel] = {}
        self._taking: dict[Key, asyncio.Task[tuple[Any, bytes | None]]] = {}

    async def snapshot(self, source: str, width_px: int) -> bytes:
        """Return the newest labelled picture of a source as JPEG.

        Raises:
            ServiceError: 404 for an unknown source, 503 where there is no picture, or ``MAX_TAKING`` are being taken.
        """
        key = (source, rounded_width(width_px))
        if key not in self._taking:  # all who ask for a source at one width at a time get one picture
            if len(self._taking) >= MAX_TAKING:
                raise ServiceError(
                    503, "busy", f"{MAX_TAKING} pictures are being taken already.", headers={"retry-after": "1"}
                )
            task = self._taking[key] = asyncio.create_task(self._take(key))
            task.add_done_callback(lambda done: self._taken(key, done))
        facts, jpeg = await asyncio.shield(self._taking[key])
        if facts is None or jpeg is None:
            message = "There is no picture of this source yet."
            raise ServiceError(503, "no_picture", message, headers={"retry-after": "2"})
        return jpeg

    async def _take(self, key: Key) -> tuple[Any, bytes | None]:
        return await self._recognition.exchange("picture", source=key[0], width=key[1], wait_s=_WAIT_S)

    def _taken(self, key: Key, task: asyncio.Task[tuple[Any, bytes | None]]) -> None:
        self._taking.pop(key, None)
        if not task.cancelled():
            task.exception()  # read, also when nobody waits any more

    @asynccontextmanager
    async def watching(self, source: str, width_px: int) -> AsyncIterator[_Channel]:
        """Be one of the viewers of a source.

        Raises:
            ServiceError: 503 when there are ``MAX_VIEWERS`` already.
        """
        self.require_room()
        key = (source, rounded_width(width_px))
        channel = self._channels.setdefault(key, _Channel())
        self.viewers += 1
        channel.viewers += 1
        if channel.task is None:
            channel.task = asyncio.create_task(self._feed(key, channel))
        try:
            yield channel
        finally:
            self.viewers -= 1
            channel.viewers -= 1

    def require_room(self) -> None:
        """Make sure that one more may watch.

        Raises:
            ServiceError: 503, there are ``MAX_VIEWERS``.
        """
        if self.viewers >= MAX_VIEWERS:
            raise ServiceError(
                503, "too_many_viewers", f"{MAX_VIEWERS} viewers watch already.", headers={"retry-after": "5"}
            )

    async def _feed(self, key: Key, channel: _Channel) -> None:
        number: int | None = None
        try:
            while channel.viewers and not self._recognition.closing:
                try:
                    facts, jpeg = await self._recognition.exchange(
                        "picture", source=key[0], width=key[1], after=number, wait_s=_WAIT_S
                    )
                except ServiceError:
                    number = None  # a process that was started anew counts from the beginning
                    await asyncio.sleep(_RETRY_S)
                    continue
                if facts is None or jpeg is None:
                    continue
                number = facts["number"]
                async with channel.changed:
                    channel.count, channel.jpeg = channel.count + 1, jpeg
                    channel.changed.notify_all()
        finally:
            channel.task = None
            self._channels.pop(key, None)

    async def close(self) -> None:
        """End all channels."""
        tasks: list[asyncio.Task[Any]] = [each.task for each in self._channels.values() if each.task is not None]
        tasks += self._taking.values()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def closing(self) -> bool:
        """Whether the process should end."""
        return self._recognition.closing


class LiveStream(Response):
    """A response that goes on: the newest picture again and again (multipart/x-mixed-replace).

    Args:
        hub: where pictures come from.
        source: whose.
        width_px: wanted width.
        send_s: seconds in which a viewer must take a picture.
    """

    def __init__(self, hub: LiveHub, source: str, width_px: int, *, send_s: float = SEND_S) -> None:
        super().__init__(media_type=f"multipart/x-mixed-replace; boundary={_BOUNDARY.decode()}")
        self._hub, self._source, self._width_px, self._send_s = hub, source, width_px, send_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send pictures until the viewer leaves, does not read, or the process ends."""
        headers = [(key, value) for key, value in self.raw_headers if key != b"content-length"]
        async with self._hub.watching(self._source, self._width_px) as channel:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            gone = asyncio.create_task(wait_gone(scope, receive))
            seen = 0
            try:
                while not gone.done() and not self._hub.closing:
                    async with channel.changed:
                        if channel.count == seen:
                            await wait_for(channel.changed)
                        if channel.count == seen:
                            continue
                        seen, jpeg = channel.count, channel.jpeg
                    await send_in_time(send, _part(jpeg), self._send_s)
            except TimeoutError:
                return  # uvicorn closes the connection, as the answer is not complete
            finally:
                gone.cancel()
            await send_in_time(send, b"", self._send_s, more=False)


async def wait_for(changed: asyncio.Condition) -> float:
    """Wait a moment for a change; returns the seconds in which there was none."""
    try:
        async with asyncio.timeout(_POLL_S):
            await changed.wait()
    except TimeoutError:
        return _POLL_S
    return 0.0


async def wait_gone(scope: Scope, receive: Receive) -> None:
    """Return when the client has left, or its token or session counts no more."""
    while still_allowed(scope):
        with suppress(TimeoutError):
            async with asyncio.timeout(_ALLOWED_S):
                if (await receive())["type"] == "http.disconnect":
                    return


async def send_in_time(send: Send, body: bytes, send_s: float, *, more: bool = True) -> None:
    """Send a piece of an answer.

    Raises:
        TimeoutError: the client does not read.
    """
    async with asyncio.timeout(send_s):
        await send({"type": "http.response.body", "body": body, "more_body": more})


def _part(jpeg: bytes) -> bytes:
    head = b"--%s\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % (_BOUNDARY, len(jpeg))
    return head + jpeg + b"\r\n"
