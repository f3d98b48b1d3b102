"""The one form of every failure: ``{"error": {"code", "message", "details"}, "request_id"}``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from loguru import logger
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from recognizer import errors as domain

REQUEST_ID = "recognizer.request_id"
"""Key of the ASGI scope under which the request's id is."""


class ServiceError(HTTPException):
    """A request that is answered with an error.

    Args:
        status: HTTP status.
        code: for programs; lower case with underscores.
        message: for people: what was wanted, what came, what to do.
        details: more for programs.
        headers: of the answer.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Mapping[str, Any] | Sequence[Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, message, dict(headers or {}))
        self.code = code
        self.message = message
        self.details = details


PAUSE_S = 0.2
"""Before 429 and ``busy``: of 32 clients that flood, the event loop then has 160 requests a second to refuse."""
_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
}

_DOMAIN: tuple[tuple[type[domain.RecognizerError], int, str], ...] = (
    (domain.PictureSizeError, 422, "image_too_many_pixels"),
    (domain.TooManyFacesError, 422, "too_many_faces"),
    (domain.ImageError, 422, "invalid_image"),
    (domain.GalleryBusyError, 409, "gallery_busy"),
    (domain.FingerprintError, 409, "other_model"),
    (domain.GalleryError, 409, "gallery"),
    (domain.HistoryError, 409, "history"),
    (domain.SourceError, 409, "source"),
    (domain.ModelError, 503, "model_unavailable"),
    (domain.ConfigError, 409, "configuration"),
    (domain.UsageError, 422, "invalid_request"),
    (domain.RecognizerError, 409, "refused"),
)
"""The first that fits counts; routes raise ``ServiceError`` where they know better."""


def from_domain(error: domain.RecognizerError) -> ServiceError:
    """Give an error of the recogniser its status and code."""
    status, code = next((status, code) for kind, status, code in _DOMAIN if isinstance(error, kind))
    return ServiceError(status, code, str(error))


def body_of(scope: Scope, code: str, message: str, details: object = None) -> dict[str, Any]:
    """Return the document of an error."""
    return {"error": {"code": code, "message": message, "details": details}, "request_id": scope.get(REQUEST_ID, "")}


async def pause(error: HTTPException) -> None:
    """Let a client that comes too often wait before it gets its refusal, as it would come again at once."""
    if error.status_code == HTTPStatus.TOO_MANY_REQUESTS or getattr(error, "code", "") == "busy":
        await asyncio.sleep(PAUSE_S)


def response(scope: Scope, error: HTTPException) -> Response:
    """Make the answer for an error."""
    if isinstance(error, ServiceError):
        code, message, details = error.code, error.message, error.details
    else:
        code = _CODES.get(error.status_code, "error")
        message, details = f"{HTTPStatus(error.status_code).phrase}.", None
        if error.status_code == 400:
            message = "The body of the request cannot be read; check its Content-Type and that it is complete."
    return _Ascii(body_of(scope, code, message, details), error.status_code, headers=error.headers)


def internal(scope: Scope, error: Exception) -> Response:
    """Log an unexpected error and make the answer, which says nothing of it."""
    identifier = scope.get(REQUEST_ID, "")
    logger.opt(exception=error).error("request {}: {}", identifier, type(error).__name__)
    message = "This is a bug; its cause is in the service's log under the request_id."
    return _Ascii(body_of(scope, "internal", message), 500)


def install(app: FastAPI) -> None:
    """Let an application answer every failure in the one form."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(domain.RecognizerError, _recognizer)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette's types know Exception only
    await pause(error)
    return response(request.scope, error)


async def _recognizer(request: Request, error: Exception) -> Response:
    assert isinstance(error, domain.RecognizerError)  # noqa: S101
    return response(request.scope, from_domain(error))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    problems = [
        {"field": ".".join(str(part) for part in each["loc"])[:200], "problem": str(each["msg"])[:300]}
        for each in error.errors()[:20]
    ]
    first = problems[0] if problems else {"field": "", "problem": ""}
    message = f"{first['field']}: {first['problem']}."
    return response(request.scope, ServiceError(422, "invalid_request", message, details=problems))


class _Ascii(JSONResponse):
    """A name may hold half of a surrogate pair, which UTF-8 cannot."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()
