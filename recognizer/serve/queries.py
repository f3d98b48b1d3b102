"""Refuse parameters in an address that a route does not know: a misspelt filter must not answer with everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from recognizer.serve.access.guard import ROUTE
from recognizer.serve.errors import ServiceError


class KnownQuery:
    """Compares the parameters of a request with those of the OpenAPI document.

    Args:
        app: what answers.
        document: returns the OpenAPI document.
    """

    def __init__(self, app: ASGIApp, *, document: Callable[[], Mapping[str, Any]]) -> None:
        self._app = app
        self._document = document

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or refuse it with 422."""
        if scope["type"] == "http" and scope["query_string"]:
            path = getattr(scope.get(ROUTE), "path_format", "")
            operation = self._document()["paths"].get(path, {}).get(scope["method"].lower())
            if operation is not None:
                known = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
                _require(scope["query_string"], known)
        await self._app(scope, receive, send)


def _require(query: bytes, known: set[str]) -> None:
    names = [name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)]
    if unknown := sorted(set(names) - known):
        there = f"there are: {', '.join(sorted(known))}" if known else "there are none"
        raise ServiceError(422, "invalid_request", f"query.{unknown[0][:100]}: this is no parameter here; {there}.")
