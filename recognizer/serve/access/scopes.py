"""The scopes, what includes what, and how a route says which one it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from fastapi import params
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount

PRINCIPAL = "recognizer.principal"
"""Key of the ASGI scope under which the ``Principal`` of a request is."""
STILL_ALLOWED = "recognizer.still_allowed"
"""Key under which a function says whether the request would be answered now, too."""


class Scope(Enum):
    """What a token is good for."""

    METRICS = "metrics"
    """Figures for Prometheus, which name no person."""
    READ = "read"
    """Who is enrolled, who was seen, identify, live pictures."""
    VERIFY = "verify"
    """Compare two pictures that the client has; nothing stored is shown."""
    REVIEW = "review"
    """What ``read`` and ``verify`` allow, and naming, rejecting, merging, undoing, enrolling photos."""
    BOX = "box"
    """What a box of a fleet does: pull the gallery's vectors, push what it saw; no person is shown."""
    ADMIN = "admin"
    """Everything: also settings, deleting people, restart."""


INCLUDES: dict[Scope, frozenset[Scope]] = {
    Scope.METRICS: frozenset({Scope.METRICS}),
    Scope.READ: frozenset({Scope.READ, Scope.METRICS}),
    Scope.VERIFY: frozenset({Scope.VERIFY}),
    Scope.REVIEW: frozenset({Scope.REVIEW, Scope.READ, Scope.VERIFY, Scope.METRICS}),
    Scope.BOX: frozenset({Scope.BOX}),
    Scope.ADMIN: frozenset(Scope) - {Scope.BOX},
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who sends a request."""

    name: str
    """Name of the token, for logs and records of actions; ``anonymous`` without one."""
    scopes: frozenset[Scope]
    """As granted, without those that they include."""
    address: str = ""
    """Network address of the client."""

    def may(self, needed: Scope) -> bool:
        """Whether one of the scopes includes ``needed``."""
        return any(needed in INCLUDES[scope] for scope in self.scopes)

    @property
    def key(self) -> str:
        """What counts as one client for limits."""
        return f"{self.name} {self.address}"


@dataclass(frozen=True)
class Requirement:
    """The scope that a route needs; ``None``: anybody may call it. It is checked before the body is read."""

    scope: Scope | None

    def __call__(self) -> None:
        """Do nothing: `recognizer.serve.access.guard` has checked it already."""


def require(scope: str) -> Callable[[], None]:
    """Say which scope a router or a route needs: ``APIRouter(dependencies=[Depends(require("review"))])``.

    A route that says nothing needs ``admin``. Where router and route both say one, both are needed.

    Args:
        scope: ``metrics``, ``read``, ``verify``, ``review``, ``box`` or ``admin``.
    """
    return Requirement(Scope(scope))


open_to_all: Callable[[], None] = Requirement(None)
"""For the few routes that need no scope: ``Depends(open_to_all)``."""


def needed_by(route: BaseRoute) -> frozenset[Scope]:
    """Return the scopes that a route needs, all of them; empty where it is open to all."""
    if isinstance(route, Mount):
        return frozenset() if getattr(route.app, "open_to_all", False) else frozenset({Scope.ADMIN})
    dependencies: Iterable[params.Depends] = getattr(route, "dependencies", ())
    said = [each.dependency for each in dependencies if isinstance(each.dependency, Requirement)]
    if not said:
        return frozenset({Scope.ADMIN})
    return frozenset(each.scope for each in said if each.scope is not None)


def principal(request: Request) -> Principal:
    """Return who sends a request; a dependency of routes that record it."""
    return principal_of(request.scope)


def principal_of(scope: MutableMapping[str, Any]) -> Principal:
    """Return who sends the request of an ASGI scope."""
    found: Any = scope.get(PRINCIPAL)
    return found if isinstance(found, Principal) else Principal("anonymous", frozenset())


def still_allowed(scope: MutableMapping[str, Any]) -> bool:
    """Whether the token or session of a request whose answer goes on is good for it yet; the guard knows."""
    check: Callable[[], bool] = scope.get(STILL_ALLOWED, lambda: True)
    return check()
