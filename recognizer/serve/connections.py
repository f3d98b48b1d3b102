"""What a connection may cost, below HTTP: heads that never end, readers that never read.

a head that is not complete in time   408, and closed
a reader that takes nothing           aborted
too many connections                  the oldest one without a complete head is aborted, else the new one
an answer before the body was read    closed gently, so that the answer arrives (RFC 9112, 9.6)
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0
"""From a connection's first moment, or a request's first byte, to the end of its head."""
WRITE_S = 15.0
"""Without a byte taken, while more than 64 KiB wait to be sent."""
LINGER_S = 2.0
"""After an answer to a request whose body still comes; what comes is dropped."""
MOST = 400
"""Connections at a time; a process may open 1,024 files by default."""


class BoundedProtocol(H11Protocol):
    """One connection of a client."""

    head_s = HEAD_S
    write_s = WRITE_S
    most = MOST

    _head: asyncio.TimerHandle | None = None
    _write: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a head."""
        super().connection_made(cast(asyncio.Transport, GentleTransport(transport, self.loop)))
        if len(self.connections) > self.most:
            waiting = [each for each in self.connections if isinstance(each, BoundedProtocol) and each._head]
            oldest = min(waiting, key=lambda each: each._head.when() if each._head else 0.0, default=self)
            oldest.transport.abort()
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all timers."""
        self._stop_head()
        self._stop_write()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take some bytes; those that come after the answer are dropped."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._await_head()
        else:
            self._stop_head()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that waits for another request."""
        self._stop_head()
        super().timeout_keep_alive_handler()

    def pause_writing(self) -> None:
        """Give the reader some time."""
        super().pause_writing()
        self._write = self.loop.call_later(self.write_s, self.transport.abort)

    def resume_writing(self) -> None:
        """The reader reads."""
        self._stop_write()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._answer(400, "bad_request", "This is no HTTP/1.1 request.")

    def _await_head(self) -> None:
        if self._head is None:
            self._head = self.loop.call_later(self.head_s, self._late)

    def _stop_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _stop_write(self) -> None:
        if self._write is not None:
            self._write.cancel()
            self._write = None

    def _late(self) -> None:
        if self.conn.their_state is not h11.IDLE:  # the body of a request that was answered already
            self.transport.close()
        elif not self.transport.is_closing():
            self._answer(408, "timeout", f"The request's head took more than {self.head_s:g} s.")

    def _answer(self, status: int, code: str, message: str) -> None:
        document = {"error": {"code": code, "message": message, "details": None}, "request_id": ""}
        body = json.dumps(document).encode()
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


class GentleTransport:
    """A transport whose ``close`` lets the client read the answer before the connection is reset.

    Args:
        transport: that of asyncio.
        loop: its event loop.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._closing = False

    def __getattr__(self, name: str) -> Any:
        """Everything else is the transport's."""
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Whether nothing is read any more."""
        return self._closing or self._transport.is_closing()

    def close(self) -> None:
        """Send what waits, say that nothing follows, and give the client a moment to read it."""
        if self.is_closing():
            return
        self._closing = True
        if not self._transport.can_write_eof():
            self._transport.close()
            self._loop.call_later(WRITE_S, self._transport.abort)
            return
        try:
            self._transport.resume_reading()
            self._transport.write_eof()
        except OSError:  # the client has left
            self._transport.abort()
            return
        self._loop.call_later(WRITE_S if self._transport.get_write_buffer_size() else LINGER_S, self._transport.abort)
