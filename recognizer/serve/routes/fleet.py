"""A fleet: boxes join, pull the gallery's changes and push what they saw; administrators invite and revoke them."""

from __future__ import annotations

import re
from contextlib import closing, suppress
from typing import Annotated

from fastapi import APIRouter, Depends, File, Path, Query, Request, Response, UploadFile

from recognizer.app.fleet import signing
from recognizer.app.fleet.documents import (
    BOX_NAME,
    Document,
    FleetBoxes,
    FleetCode,
    FleetGallery,
    FleetInvite,
    FleetJoin,
    FleetJoined,
    FleetPushed,
    encoded,
)
from recognizer.app.history import open_or_create
from recognizer.errors import GalleryError, HistoryError, UsageError
from recognizer.history.exchange.pushed import take_tracks
from recognizer.serve.access.scopes import open_to_all, require
from recognizer.serve.dependencies import PrincipalDep, ServicesDep, SettingsDep, require_attempt, require_history
from recognizer.serve.errors import ServiceError
from recognizer.serve.fleet import boxes
from recognizer.serve.fleet.store import FleetStore

router = APIRouter(prefix="/v1/fleet", tags=["fleet"])
MOST_TRACKS = 1000
"""Of one push."""
Nonce = Annotated[str, Query(min_length=16, max_length=100, description="A new random number; it is signed, too.")]
Cursor = Annotated[str, Query(max_length=100, description="'cursor' of an earlier answer; everything, if not given.")]


@router.post("/join", dependencies=[Depends(open_to_all)], response_model=FleetJoined)
def join(wanted: FleetJoin, request: Request, services: ServicesDep) -> Response:
    """Exchange the code of a new box for its token, once; open to all. After five failures in a minute: 429."""
    address = require_attempt(services, request)
    found = services.access.exchange_code(wanted.code)
    if found is None:
        services.attempts.failed(address)
        raise ServiceError(
            401, "unauthorized", "The code is unknown, used or expired; 'fleet code NAME' on the service makes another."
        )
    box, token = found
    services.fleet.joined(box)
    key = encoded(signing.public_key(services.fleet.key))
    return _signed(services.fleet, wanted.nonce, FleetJoined(box=box, token=token, key=key))


@router.get("/gallery", dependencies=[Depends(require("box"))], response_model=FleetGallery)
def changes(who: PrincipalDep, services: ServicesDep, nonce: Nonce, since: Cursor | None = None) -> Response:
    """Return who changed in the gallery since a revision, without photos; signed with the service's key."""
    box = _box(who.name)
    services.fleet.seen(box, number=services.feed.number_of(since))
    return _signed(services.fleet, nonce, services.feed.page(since))


@router.post("/tracks", dependencies=[Depends(require("box"))])
def push(
    who: PrincipalDep,
    services: ServicesDep,
    settings: SettingsDep,
    tracks: Annotated[UploadFile, File(description="JSON lines as of 'history export'; at most 1000.")],
) -> FleetPushed:
    """Keep what a box saw; the same track again replaces itself. What is answered is on disk."""
    box = _box(who.name)
    if not settings.history.enabled:
        require_history(settings)
    lines = tracks.file.read().splitlines()
    if len(lines) > MOST_TRACKS:
        raise ServiceError(422, "invalid_request", f"tracks: at most {MOST_TRACKS} lines are read, got {len(lines)}.")
    with suppress(GalleryError):  # who was deleted since a box pulled last; the gallery may be away
        services.feed.refresh()
    with closing(open_or_create(settings)) as history:
        taken = take_tracks(history, lines, box=box, departed=services.fleet.departed())
    services.fleet.seen(box, tracks=taken.added)
    return FleetPushed(added=taken.added, updated=taken.updated, forgotten=taken.forgotten, refused=taken.refused)


@router.get("/boxes", dependencies=[Depends(require("admin"))])
def list_boxes(services: ServicesDep) -> FleetBoxes:
    """List the boxes: invited, joined and revoked ones; changes that no box has asked for yet count, too."""
    with suppress(GalleryError, HistoryError):  # nobody is enrolled yet, or the gallery is away
        if services.fleet.boxes():  # else nobody wants the changes, which are names
            services.feed.refresh()
    return FleetBoxes(boxes=boxes.boxes(services.access, services.fleet))


@router.post("/boxes", status_code=201, dependencies=[Depends(require("admin"))])
def invite(wanted: FleetInvite, services: ServicesDep) -> FleetCode:
    """Make a code with which one box may join, once, within a day. 409 ``box_exists`` where the name is taken."""
    try:
        return FleetCode(box=wanted.name, code=boxes.invite(services.access, services.fleet, wanted.name))
    except UsageError as error:
        raise ServiceError(409, "box_exists", str(error)) from None


@router.delete("/boxes/{name}", status_code=204, dependencies=[Depends(require("admin"))])
def revoke(name: Annotated[str, Path(pattern=BOX_NAME)], services: ServicesDep) -> Response:
    """Let a box, or its unused code, count no more. 404 ``box_not_found`` where there is none."""
    if not boxes.is_box(services.access, name) or not services.access.revoke(name):
        raise ServiceError(404, "box_not_found", "There is no such box, or it is revoked already.")
    return Response(status_code=204)


def _box(name: str) -> str:
    if not re.match(BOX_NAME, name):
        raise ServiceError(403, "forbidden", "This token's name cannot be a box's; make it with 'fleet code NAME'.")
    return name


def _signed(fleet: FleetStore, nonce: str, document: Document) -> Response:
    body = document.model_dump_json().encode()
    headers = {signing.HEADER: signing.sign(fleet.key, nonce, body)}
    return Response(body, media_type="application/json", headers=headers)
