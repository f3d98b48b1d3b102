"""Pull and push once, or again and again while a run goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from loguru import logger

from recognizer.app.config import Settings
from recognizer.app.fleet.client import FleetClient, service_address
from recognizer.app.fleet.membership import (
    FILE_NAME,
    STATE_NAME,
    FleetState,
    Membership,
    keep_membership,
    keep_state,
    read_membership,
    read_state,
    require_membership,
)
from recognizer.app.fleet.pulling import forget_departed, now, pull
from recognizer.app.history import read_history
from recognizer.errors import ConfigError, FleetAwayError, FleetError, RecognizerError, UsageError
from recognizer.gallery.pulled import PulledGallery, pulled_from, require_no_photos
from recognizer.history.exchange.outgoing import Outgoing

_LOCK_WAIT_S = 60.0
_SENT, _LOCK = "pushed.sqlite", "sync.lock"


def join(settings: Settings, address: str, code: str) -> Membership:
    """Make this machine a box of a fleet.

    Raises:
        FleetError: if the code is not valid, or the service another one; ``FleetAwayError`` if it does not answer.
        PulledGalleryError: if the gallery has people of its own.
        UsageError: if the address cannot be used, or this machine is a box already.
    """
    folder = settings.fleet_folder
    if (found := read_membership(folder)) is not None:
        raise UsageError(f"This machine is the box {found.box} of {found.address} already; 'fleet leave' ends that.")
    address = service_address(address, plain_http=settings.fleet.plain_http)
    with _usable(settings.gallery.folder):
        settings.gallery.folder.mkdir(parents=True, exist_ok=True)
    require_no_photos(settings.gallery.folder)
    with closing(FleetClient(address)) as client:
        membership = client.join(code)
    keep_membership(folder, membership)
    return membership


def leave(settings: Settings) -> Membership:
    """Delete the token and the pulled people; the history stays. The service keeps the box: revoke it there.

    Raises:
        FleetAwayError: if another process of this box is pulling and pushing.
        UsageError: if this machine is no box.
    """
    folder = settings.fleet_folder
    require_membership(folder)
    try:
        # the file stays: others may wait for it
        with _usable(folder), FileLock(folder / _LOCK, timeout=_LOCK_WAIT_S):
            membership = require_membership(folder)
            if settings.gallery.folder.is_dir() and pulled_from(settings.gallery.folder) is not None:
                with PulledGallery(settings.gallery.folder, write=True, purpose="leaving the fleet") as gallery:
                    gallery.release()
            for name in (_SENT, STATE_NAME, FILE_NAME):
                (folder / name).unlink(missing_ok=True)
    except Timeout:
        raise FleetAwayError("This box is pulling and pushing; try again when it is done.") from None
    return membership


def sync(settings: Settings, *, model: str, again: dict[str, str | None] | None = None) -> FleetState:
    """Pull once and push once.

    Args:
        settings: of this box.
        model: fingerprint of the model in use here.
        again: who departed the last time, for whoever calls this again and again; changed.

    Returns:
        How things stand; also written down for ``fleet status``.

    Raises:
        FleetAwayError: if the service does not answer, or another process does this.
        RecognizerError: whatever else went wrong; the state says it, too.
    """
    folder = settings.fleet_folder
    membership = require_membership(folder)
    address = service_address(membership.address, plain_http=settings.fleet.plain_http)
    try:
        with (
            _usable(folder),
            FileLock(folder / _LOCK, timeout=_LOCK_WAIT_S),
            closing(FleetClient(address, membership)) as client,
        ):
            require_membership(folder)  # it may have left while this waited
            state = read_state(folder)
            state.problem = None
            try:
                with _usable(folder):
                    _pull_and_push(settings, membership, client, model, state, {} if again is None else again)
            except RecognizerError as error:
                state.problem = str(error)
                raise
            finally:
                keep_state(folder, state)
            return state
    except Timeout:
        raise FleetAwayError("Another process of this box is pulling and pushing; try again when it is done.") from None


def follow(settings: Settings, *, model: str, stop: threading.Event) -> None:
    """Pull and push every ``fleet.interval_s`` until stopped; what fails is tried again, and logged once."""
    problem: str | None = None
    again: dict[str, str | None] = {}  # not in a file: these names are deleted
    while True:
        try:
            sync(settings, model=model, again=again)
            found = None
        except RecognizerError as error:
            found = str(error)
        if found is not None and found != problem:
            logger.warning("fleet: {} Recognition goes on with the people pulled so far.", found)
        elif found is None and problem is not None:
            logger.info("fleet: the service is there again")
        problem = found
        if stop.wait(settings.fleet.interval_s):
            return


def _pull_and_push(
    settings: Settings,
    membership: Membership,
    client: FleetClient,
    model: str,
    state: FleetState,
    again: dict[str, str | None],
) -> None:
    """Pull first, so that nobody is pushed who was deleted; a pull that is refused does not keep tracks back."""
    refused: RecognizerError | None = None
    outgoing = _outgoing(settings)
    try:
        waiting: Mapping[int, str] = {}
        if outgoing is not None:  # before anybody is forgotten here: those tracks are not lost
            waiting = _waiting(settings, outgoing)
            state.waiting = len(waiting)
        try:
            pull(settings, membership, client, model=model, state=state)
            state.pulled_at = now()
        except FleetError:  # whoever did not prove to be the service gets no track
            forget_departed(settings, state, again)
            raise
        except RecognizerError as error:
            refused = error
        if forget_departed(settings, state, again) and outgoing is not None:
            waiting = _waiting(settings, outgoing, count_lost=False)
            state.waiting = len(waiting)
        if pulled_from(settings.gallery.folder) is not None:
            with PulledGallery(settings.gallery.folder) as gallery:
                state.people = len(gallery.people())
        if outgoing is not None:
            _push(settings, client, outgoing, waiting, state)
    finally:
        if outgoing is not None:
            state.lost += outgoing.lost
            outgoing.close()
    if refused is not None:
        raise refused


def _outgoing(settings: Settings) -> Outgoing | None:
    is_pushed = settings.fleet.push and settings.history.address is None and settings.has_history
    return Outgoing(settings.fleet_folder / _SENT) if is_pushed else None


def _waiting(settings: Settings, outgoing: Outgoing, *, count_lost: bool = True) -> dict[int, str]:
    with closing(read_history(settings)) as history:
        return outgoing.waiting(history, count_lost=count_lost)


def _push(
    settings: Settings, client: FleetClient, outgoing: Outgoing, waiting: Mapping[int, str], state: FleetState
) -> None:
    with closing(read_history(settings)) as history:
        for ids, lines in outgoing.batches(history, waiting):
            answer = client.push(lines)
            for number, why in answer.refused:
                logger.error("fleet: the service does not take track {}: {}", ids[number], why)
            outgoing.pushed(ids, waiting)
            state.waiting -= len(ids)
            state.pushed += answer.added
        state.pushed_at = now()


@contextmanager
def _usable(folder: Path) -> Iterator[None]:
    try:
        yield
    except Timeout:
        raise
    except OSError as error:
        raise ConfigError(f"{error.filename or folder} cannot be used: {error.strerror or error}.") from error
