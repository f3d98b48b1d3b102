"""What a request may cost: bytes of its body, seconds, and the headers that every answer carries."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import MutableMapping
from typing import Any

from fastapi import params
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recognizer.errors import RecognizerError
from recognizer.serve import errors
from recognizer.serve.access.guard import ROUTE
from recognizer.serve.access.scopes import principal_of
from recognizer.serve.errors import REQUEST_ID, ServiceError

MIB = 2**20
IMAGE_BYTES = 10 * MIB
"""Of one uploaded picture."""
IMAGE_PIXELS = 40_000_000
"""Of one uploaded picture, counted from its header."""
JSON_BYTES = 64 * 1024
"""Of a body that is no form."""
FORM_BYTES = 2 * IMAGE_BYTES + JSON_BYTES
"""Of a form, two pictures: ``POST /verify``."""
UPLOAD_BYTES = 64 * MIB
"""Of a form with many photos of one person."""
REQUEST_S = 10.0
"""From a request's head to the head of its answer. What an answer streams takes as long as it takes."""
QUEUE = 8
"""Inferences that wait or run."""
FORMS = 16
"""Forms that are read or answered at a time, half of them of one client; each may hold 1 MiB of a picture in memory."""

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""Of every answer that does not say otherwise; names and faces are in no cache."""


def most_bytes(scope: Scope) -> int:
    """Return how long the body of a request may be: a form where the route takes one, whatever the client says."""
    kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    body = getattr(scope.get(ROUTE), "body_field", None)
    if kind != "multipart/form-data" or body is None or not isinstance(body.field_info, params.Form):
        return JSON_BYTES
    return UPLOAD_BYTES if scope["path"].endswith("/photos") else FORM_BYTES


class RequestLimits:
    """The outermost layer: gives each request an id, ends it in time, and answers what nobody else did.

    Args:
        app: what answers.
        request_s: seconds from a request's head to the head of its answer.
    """

    def __init__(self, app: ASGIApp, request_s: float = REQUEST_S) -> None:
        self._app = app
        self._request_s = request_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[REQUEST_ID] = secrets.token_hex(8)
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                clock.reschedule(None)
                _add_headers(message, scope)
            await send(message)

        try:
            async with asyncio.timeout(self._request_s) as clock:
                await self._app(scope, receive, send_with_headers)
        except TimeoutError:
            if started or not clock.expired():
                raise
            late = ServiceError(408, "timeout", f"The request took more than {self._request_s:g} s.", headers=_CLOSE)
            await errors.response(scope, late)(scope, receive, _headed(send, scope))
        except ServiceError as error:
            await errors.pause(error)
            await errors.response(scope, error)(scope, receive, _headed(send, scope))
        except RecognizerError as error:  # before a route is reached: tokens on a full disk
            if started:
                raise
            await errors.response(scope, errors.from_domain(error))(scope, receive, _headed(send, scope))
        except Exception as error:
            if started:
                raise
            await errors.internal(scope, error)(scope, receive, _headed(send, scope))


class BodyLimit:
    """Refuses bodies that are too long, by their Content-Length or as soon as they are, and too many forms.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._forms: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = most_bytes(scope)
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length) > most:
            raise _too_large(most)
        if most == JSON_BYTES:
            await self._app(scope, self._limited(receive, most), send)
            return
        client = principal_of(scope).key
        if self._forms.total() >= FORMS:
            raise ServiceError(503, "busy", f"{FORMS} uploads are being read already.", headers=_LATER)
        if self._forms[client] >= FORMS // 2:
            raise ServiceError(429, "too_many_requests", f"At most {FORMS // 2} uploads at a time.", headers=_LATER)
        self._forms[client] += 1
        try:
            await self._app(scope, self._limited(receive, most), send)
        finally:
            self._forms[client] -= 1
            if not self._forms[client]:
                del self._forms[client]

    def _limited(self, receive: Receive, most: int) -> Receive:
        came = 0

        async def receive_some() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > most:
                raise _too_large(most)
            return message

        return receive_some


_CLOSE = {"connection": "close"}
_LATER = {"retry-after": "1", **_CLOSE}


def _too_large(most: int) -> ServiceError:
    amount = f"{most // MIB} MiB" if most >= MIB else f"{most // 1024} KiB"
    return ServiceError(413, "body_too_large", f"The body is too large; at most {amount} are read.", headers=_CLOSE)


def _headed(send: Send, scope: Scope) -> Send:
    async def send_with_headers(message: Message) -> None:
        _add_headers(message, scope)
        await send(message)

    return send_with_headers


def _add_headers(message: MutableMapping[str, Any], scope: Scope) -> None:
    if message["type"] != "http.response.start":
        return
    headers = MutableHeaders(scope=message)
    headers["x-request-id"] = scope[REQUEST_ID]
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
