"""Tokens of programs and sessions of browsers: list, make, revoke, end; as ``serve token`` does it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Request, Response

from recognizer.serve.access.guard import COOKIE
from recognizer.serve.access.scopes import require
from recognizer.serve.dependencies import ServicesDep
from recognizer.serve.errors import ServiceError
from recognizer.serve.models.access import (
    NewToken,
    ScopeName,
    SessionAnswer,
    SessionsAnswer,
    SessionsEnded,
    TokenAnswer,
    TokenMade,
    TokensAnswer,
)

router = APIRouter(prefix="/v1", tags=["access"], dependencies=[Depends(require("admin"))])
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("/tokens")
def list_tokens(services: ServicesDep) -> TokensAnswer:
    """List the tokens, without their secrets."""
    begun = [session.token for session in services.access.sessions()]
    return TokensAnswer(
        tokens=[
            TokenAnswer(
                name=each.name,
                scopes=_scopes(each.scopes),
                created_at=_time(each.created_at),
                expires_at=None if each.expires_at is None else _time(each.expires_at),
                sessions=begun.count(each.name),
            )
            for each in services.access.tokens()
        ]
    )


@router.post("/tokens", status_code=201)
def make_token(wanted: NewToken, services: ServicesDep) -> TokenMade:
    """Make a token; its secret is in this answer only. 409 ``token_exists`` where another one has the name."""
    if any(each.name == wanted.name for each in services.access.tokens()):
        raise ServiceError(409, "token_exists", "There is a token of this name already; revoke it, or take another.")
    secret = services.access.create_token(wanted.name, wanted.scopes, days=wanted.days)
    made = next(each for each in services.access.tokens() if each.name == wanted.name)
    return TokenMade(
        name=made.name,
        scopes=_scopes(made.scopes),
        expires_at=None if made.expires_at is None else _time(made.expires_at),
        secret=secret,
    )


@router.delete("/tokens/{name:path}", status_code=204)
def revoke_token(name: str, services: ServicesDep) -> Response:
    """Revoke a token; the browsers that logged in with it are logged out, and its streams end within two seconds."""
    if not services.access.revoke(name):
        raise ServiceError(404, "token_not_found", "There is no token of this name.")
    return Response(status_code=204)


@router.get("/sessions")
def list_sessions(request: Request, services: ServicesDep) -> SessionsAnswer:
    """List the browsers that are logged in, the newest first."""
    current = services.access.session_id(request.cookies.get(COOKIE, ""))
    return SessionsAnswer(
        sessions=[
            SessionAnswer(
                id=each.id,
                name=each.name,
                began_with="login_link" if each.token is None else "token",
                scopes=_scopes(each.scopes),
                created_at=_time(each.created_at),
                expires_at=_time(each.expires_at),
                current=each.id == current,
            )
            for each in services.access.sessions()
        ]
    )


@router.delete("/sessions/{session_id}", status_code=204)
def end_session(session_id: Number, services: ServicesDep) -> Response:
    """Log a browser out."""
    if not services.access.end_sessions([session_id]):
        raise ServiceError(404, "session_not_found", "There is no such session; it has ended.")
    return Response(status_code=204)


@router.delete("/sessions")
def end_sessions(request: Request, services: ServicesDep, keep_current: bool = True) -> SessionsEnded:
    """Log all browsers out, but not the one that asks unless ``keep_current`` is false; tokens stay."""
    current = services.access.session_id(request.cookies.get(COOKIE, "")) if keep_current else None
    others = [each.id for each in services.access.sessions() if each.id != current]
    return SessionsEnded(ended=services.access.end_sessions(others))


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _scopes(names: tuple[str, ...]) -> list[ScopeName]:
    return [cast(ScopeName, name) for name in names]
