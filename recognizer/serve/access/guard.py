"""Check host, origin and scope of every request before its body is read: the one place where access is decided."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asgi

from recognizer.serve.access.hosts import AllowedHosts, is_loopback
from recognizer.serve.access.scopes import PRINCIPAL, STILL_ALLOWED, Principal, Scope, needed_by
from recognizer.serve.access.store import AccessStore
from recognizer.serve.errors import ServiceError

COOKIE = "recognizer_session"
ROUTE = "recognizer.route"
"""Key of the ASGI scope under which the matched route is."""


class AccessGuard:
    """Lets a request pass whose route needs no scope, or whose sender has it.

    A route is matched as the router will match it. One that says nothing needs ``admin``, whoever added it.

    Args:
        app: what answers.
        routes: those of the application, in its order.
        hosts: the names that are answered.
        store: tokens and sessions.
    """

    def __init__(self, app: ASGIApp, *, routes: Sequence[BaseRoute], hosts: AllowedHosts, store: AccessStore) -> None:
        self._app = app
        self._routes = routes
        self._hosts = hosts
        self._store = store

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        """Pass one request on, or raise what it is refused with."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            raise ServiceError(403, "forbidden", "WebSockets are not used here.")
        headers = Headers(scope=scope)
        if refused := self._hosts.refusal(headers):
            raise ServiceError(403, *refused)
        who = scope[PRINCIPAL] = self._principal(scope, headers)
        needed = self._needed(scope)
        for each in needed:
            if not who.may(each):
                raise _refusal(who, each)
        scope[STILL_ALLOWED] = lambda: self._is_allowed(scope, headers, needed)
        await self._app(scope, receive, send)

    def _needed(self, scope: Asgi) -> frozenset[Scope]:
        allowed: set[str] = set()
        for route in self._routes:
            match = route.matches(scope)[0]
            if match is Match.FULL:
                scope[ROUTE] = route
                return needed_by(route)
            if match is Match.PARTIAL:
                allowed |= set(getattr(route, "methods", None) or ())
        if allowed:  # each method of a path is a route, of which the router would name the first one only
            raise ServiceError(
                405, "method_not_allowed", "Method Not Allowed.", headers={"allow": ", ".join(sorted(allowed))}
            )
        return frozenset()  # the router answers 404

    def _is_allowed(self, scope: Asgi, headers: Headers, needed: frozenset[Scope]) -> bool:
        try:
            who = self._principal(scope, headers)
        except ServiceError:
            return False
        return all(who.may(each) for each in needed)

    def _principal(self, scope: Asgi, headers: Headers) -> Principal:
        address = (scope.get("client") or ("", 0))[0]
        kind, _, secret = headers.get("authorization", "").partition(" ")
        if kind:
            found = self._store.principal(secret.strip(), kind="token") if kind.lower() == "bearer" else None
            if found is None:
                raise ServiceError(
                    401, "unauthorized", "The token is unknown, expired or revoked.", headers=_AUTHENTICATE
                )
            return Principal(found.name, found.scopes, address)
        if cookie := cookie_parser(headers.get("cookie", "")).get(COOKIE):
            found = self._store.principal(cookie, kind="session")
            if found is not None:
                return Principal(found.name, found.scopes, address)
        is_here = self._hosts.is_local(headers) and is_loopback(address)  # a proxy says where a client is
        local = frozenset({Scope.VERIFY}) if is_here else frozenset[Scope]()
        return Principal("anonymous", local, address)


_AUTHENTICATE = {"www-authenticate": 'Bearer realm="recognizer"'}


def _refusal(who: Principal, needed: Scope) -> ServiceError:
    if who.name == "anonymous":
        return ServiceError(
            401,
            "unauthorized",
            f"This needs a token with the scope '{needed.value}' (Authorization: Bearer TOKEN), or a login; "
            "see 'serve token create' and 'serve login'.",
            headers=_AUTHENTICATE,
        )
    return ServiceError(403, "forbidden", f"The token {who.name!r} has not the scope '{needed.value}'.")
