"""Pull the changes of a service's gallery, and apply them here."""

from __future__ import annotations

import base64
import datetime as dt
import json
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from loguru import logger

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.app.fleet.client import FleetClient
from recognizer.app.fleet.documents import FleetGallery, FleetRejection, person_of
from recognizer.app.fleet.membership import FleetState, Membership, keep_state
from recognizer.app.history import open_or_create
from recognizer.app.undelivered import forget_undelivered
from recognizer.errors import FingerprintError, GalleryError, HistoryError
from recognizer.gallery.lock import refuse_links
from recognizer.gallery.origin import Origin
from recognizer.gallery.pulled import PulledGallery, pulled_from
from recognizer.gallery.records import model_name
from recognizer.gallery.shared import SharedPerson, renamed_to
from recognizer.history import naming
from recognizer.history.database import Database
from recognizer.history.refusals import NotThereError
from recognizer.history.retention import forget_person
from recognizer.history.schema import rejections
from recognizer.whole_files import PRIVATE, whole_file


@dataclass(slots=True)
class _Changes:
    """The parts of all answers together."""

    people: dict[str, SharedPerson]
    gone: set[str]
    full: bool = False
    cursor: str = ""
    calibration: dict[str, Any] | None = None
    rejections: list[FleetRejection] | None = None

    def add(self, part: FleetGallery) -> None:
        for name in part.gone:
            self.people.pop(name, None)
        self.gone |= set(part.gone)
        for document in part.people:
            self.people[document.name] = person_of(document)
            self.gone.discard(document.name)
        self.full, self.cursor = part.full, part.cursor
        self.calibration = self.calibration if part.calibration is None else part.calibration
        self.rejections = self.rejections if part.rejections is None else part.rejections


def pull(settings: Settings, membership: Membership, client: FleetClient, *, model: str, state: FleetState) -> None:
    """Bring this gallery to the service's newest revision.

    Thresholds and rejections are in place before the people whom they concern; whoever is gone is written down to be
    forgotten in the history before they are taken out of the gallery (`forget_departed`).

    Args:
        settings: of this box.
        membership: which service.
        client: the connection to it.
        model: fingerprint of the model in use here.
        state: of this box; changed.

    Raises:
        FingerprintError: if the service's vectors are another model's; nothing is changed then.
        FleetError: as ``FleetClient.changes``.
        GalleryError: if the gallery cannot be written.
        HistoryError: if the rejections cannot be written.
    """
    folder = settings.gallery.folder
    origin = pulled_from(folder)
    since = origin.cursor if origin is not None and origin.service == membership.address else None
    changes = _Changes({}, set())
    for part in client.changes(since):
        if part.model != model:
            raise FingerprintError(
                f"The fleet's gallery was made with {part.model}, this box uses {model}; vectors of different models "
                f"cannot be compared, and nothing was pulled. Set embed.model: {model_name(part.model)} here, or give "
                "the service the model of its boxes ('gallery reembed')."
            )
        changes.add(part)
    if changes.cursor == since:
        return
    if changes.calibration is not None:
        _keep_calibration(settings, changes.calibration)
    if changes.rejections is not None and _has_own_history(settings):
        _keep_rejections(settings, changes.rejections, model)
    with PulledGallery(folder, write=True, purpose="pulling from the service") as gallery:
        before = gallery.contents()
        if changes.full:
            changes.gone = before.keys() - changes.people.keys()
        gone = changes.gone & before.keys()
        known = before | {
            name: {photo.sha256.hex() for photo in person.photos} for name, person in changes.people.items()
        }
        owners = {each: name for name, theirs in known.items() if name not in changes.gone for each in theirs}
        state.departed |= {name: renamed_to(before[name], owners) for name in gone}
        keep_state(settings.fleet_folder, state)
        to = Origin(membership.address, changes.cursor)
        gallery.apply(list(changes.people.values()), gone, model=model, to=to)
    next(client.changes(changes.cursor), None)  # says how far this box is; what is new since then comes the next time
    logger.info("fleet: pulled {} changed and {} gone people", len(changes.people), len(gone))


def forget_departed(settings: Settings, state: FleetState, again: dict[str, str | None]) -> bool:
    """Forget who was deleted at the service, in the history and in events that wait; rename who was renamed.

    Args:
        settings: of this box.
        state: what is done is taken out of ``departed``.
        again: who departed the last time, changed: all is done once more for them, as a run that is on may have written
            the old name until it saw that the gallery changed. Not for those who are there again.

    Returns:
        Whether the history may have changed.

    Raises:
        HistoryError: if the history cannot be written; what is left is tried again the next time.
    """
    if not again and not state.departed:
        return False
    present = _people(settings)
    for name in again.keys() & present:
        del again[name]
    todo = again | state.departed
    with ExitStack() as opened:
        history = opened.enter_context(closing(open_or_create(settings))) if _has_own_history(settings) else None
        for name, new in todo.items():
            if history is not None:
                _forget_or_rename(history, name, new)
            if new is None:
                for path in forget_undelivered(settings, name):
                    logger.debug("fleet: {} is used by a run, which takes the name out of it", path)
            if name in state.departed:
                again[name] = state.departed.pop(name)
                keep_state(settings.fleet_folder, state)
            else:
                del again[name]
    return True


def _people(settings: Settings) -> set[str]:
    if pulled_from(settings.gallery.folder) is None:
        return set()
    with PulledGallery(settings.gallery.folder) as gallery:
        return {person.name for person in gallery.people()}


def _forget_or_rename(history: Database, name: str, new: str | None) -> None:
    if new is None:
        _forget(history, name)
    elif naming.count_mentions(history, name):
        naming.relabel(history, name, new, kind="rename")


def _forget(history: Database, name: str) -> None:
    try:
        deleted = forget_person(history, name)
    except NotThereError:
        return
    except HistoryError as error:  # the rows are deleted, but a run reads the file, which must be rewritten
        if naming.count_mentions(history, name):
            raise
        logger.debug("fleet: {}", error)
        return
    logger.info("fleet: {} tracks of somebody who was deleted at the service are forgotten", deleted)


def _has_own_history(settings: Settings) -> bool:
    """Whether a history is kept here, and not in a database that the service shares."""
    return settings.history.address is None and (settings.history.enabled or settings.has_history)


def _keep_calibration(settings: Settings, document: dict[str, Any]) -> None:
    path = build.site_calibration(settings)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        refuse_links(path.parent)
        if not document:
            path.unlink(missing_ok=True)
            return
        with whole_file(path, mode=PRIVATE) as part:
            part.write_text(json.dumps(document), "utf-8")
    except OSError as error:
        raise GalleryError(f"The thresholds cannot be kept in {path.parent}: {error}.") from error


def _keep_rejections(settings: Settings, documents: list[FleetRejection], model: str) -> None:
    """Put the service's rejections in place of those that it sent before; those made here stay.

    Numbers of tracks above zero are this history's own, so those of the service are kept below.
    """
    if not documents and not settings.has_history:
        return
    with closing(open_or_create(settings)) as history, history.writing() as connection:
        history.require_key(connection)
        connection.execute(sa.delete(rejections).where(rejections.c.track_id < 0))
        rows = [
            {
                "track_id": -document.id,
                "at_us": document.at_us,
                "person": document.person,
                "model": model,
                "vector": history.cipher.seal(base64.b64decode(document.vector, validate=True)),
                "active": 1,
            }
            for document in documents
        ]
        if rows:
            connection.execute(sa.insert(rejections), rows)


def now() -> str:
    """Return the time, ISO 8601."""
    return dt.datetime.now().astimezone().isoformat(timespec="seconds")
