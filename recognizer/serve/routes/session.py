"""Log a browser in and out: an HttpOnly cookie, as pictures and event streams cannot send headers."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response

from recognizer.serve.access.guard import COOKIE
from recognizer.serve.access.scopes import INCLUDES, Principal, Scope, open_to_all
from recognizer.serve.access.store import SESSION_S
from recognizer.serve.dependencies import PrincipalDep, ServicesDep, require_attempt
from recognizer.serve.errors import ServiceError
from recognizer.serve.models.service import Login, Session

router = APIRouter(prefix="/v1/session", tags=["session"], dependencies=[Depends(open_to_all)])


@router.get("")
async def who(who: PrincipalDep) -> Session:
    """Say who sends this, and what they may; open to all."""
    return _session(who)


@router.post("")
async def log_in(login: Login, request: Request, response: Response, services: ServicesDep) -> Session:
    """Begin a session with the code of a login link, which is used up, or with a token; open to all.

    After five failures of one address in a minute: 429.
    """
    address = require_attempt(services, request)
    begun = services.access.log_in(login.secret)
    if begun is None:
        services.attempts.failed(address)
        raise ServiceError(
            401, "unauthorized", "The login code or token is unknown, used or expired; 'serve login' makes a new link."
        )
    secret, principal = begun
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, secret, max_age=int(SESSION_S), httponly=True, samesite="strict", secure=secure)
    return _session(principal)


@router.delete("", status_code=204)
async def log_out(request: Request, services: ServicesDep) -> Response:
    """End the session; open to all."""
    services.access.log_out(request.cookies.get(COOKIE, ""))
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


def _session(who: Principal) -> Session:
    scopes = {each for scope in who.scopes for each in INCLUDES[scope]}
    if Scope.METRICS not in who.scopes:
        scopes.discard(Scope.METRICS)  # for programs; a page has no use for it
    names = sorted(each.value for each in scopes)
    return Session(name=who.name, scopes=names)  # type: ignore[arg-type]  # Literal of the same values
