"""Changes of the gallery for boxes: who changed since a revision, the calibration and the rejections."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import sqlalchemy as sa

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.app.fleet.documents import FleetGallery, FleetRejection, encoded, person_document
from recognizer.app.history import read_history
from recognizer.errors import GalleryError
from recognizer.gallery.folder import RECORD_FOLDER
from recognizer.gallery.schema import RECORD_FILE
from recognizer.gallery.shared import SharedGallery, Standing, stamps
from recognizer.history.schema import rejections
from recognizer.serve.fleet.store import PERSON, SHARED, FleetStore

PAGE = 500
"""Changes of one answer: 3 MB for two photos a person."""
_MODEL, _CALIBRATION, _REJECTIONS = "model", "calibration", "rejections"


class GalleryFeed:
    """The changes of one gallery.

    Args:
        store: numbers them.
        settings: returns what is served now.
    """

    def __init__(self, store: FleetStore, settings: Callable[[], Settings]) -> None:
        self._store = store
        self._settings = settings
        self._lock = threading.Lock()
        self._stamps: object = None
        self._folders: tuple[str, ...] = ()

    def refresh(self) -> None:
        """Number what changed; cheap where nothing did.

        Raises:
            GalleryError: if the gallery cannot be read.
            HistoryError: if the rejections cannot be read.
        """
        settings = self._settings()
        folder = settings.gallery.folder
        with self._lock:
            shared = {name: Standing(_digest(value), ()) for name, value in self._everybodys(settings).items()}
            self._store.record(SHARED, shared)
            if self._stamps is not None and stamps(folder, self._folders) == self._stamps:
                return
            with SharedGallery(folder) as gallery:
                people = gallery.people()
                folders = tuple(person.folder for person in people)
                before = stamps(folder, folders)  # a change while it is read is found the next time
                self._store.record(PERSON, gallery.standing())
            self._folders, self._stamps = folders, before

    def page(self, since: str | None) -> FleetGallery:
        """Return the next changes after a revision.

        Args:
            since: ``cursor`` of an earlier answer; ``None``, or one of a lost record of changes: everything.

        Raises:
            GalleryError: if the gallery cannot be read, or nobody was ever enrolled.
            HistoryError: if the rejections cannot be read.
        """
        self.refresh()
        settings = self._settings()
        epoch, number, in_full = self._position(since)
        found = self._store.changes(number, PAGE + 1)
        changes, more = found[:PAGE], len(found) > PAGE
        last = changes[-1].number if changes else number
        names = {kind: {each.name for each in changes if each.kind == kind} for kind in (PERSON, SHARED)}
        everybodys = self._everybodys(settings)
        present = [each.name for each in changes if each.kind == PERSON and not each.gone]
        people = []
        if present:
            with SharedGallery(settings.gallery.folder) as gallery:
                people = [person_document(person) for person in gallery.shared(present)]
        going_on = more and in_full
        return FleetGallery(
            cursor=f"{epoch}.{last}{'.full' if going_on else ''}",
            full=in_full,
            more=more,
            model=everybodys[_MODEL],
            people=people,
            gone=sorted(each.name for each in changes if each.kind == PERSON and each.gone),
            calibration=everybodys[_CALIBRATION] if _CALIBRATION in names[SHARED] else None,
            rejections=everybodys[_REJECTIONS] if _REJECTIONS in names[SHARED] else None,
        )

    def number_of(self, cursor: str) -> int:
        """Return the number of the change that a cursor means."""
        return self._position(cursor)[1]

    def _position(self, since: str | None) -> tuple[str, int, bool]:
        """Return the epoch, the number, and whether the answer begins anew."""
        epoch, _, rest = (since or "").partition(".")
        number, _, mark = rest.partition(".")
        if epoch == self._store.epoch and number.isdecimal() and int(number) <= self._store.newest():
            return epoch, int(number), mark == "full"
        return self._store.epoch, 0, True

    def _everybodys(self, settings: Settings) -> dict[str, Any]:
        folder = settings.gallery.folder
        model = ""
        if (folder / RECORD_FOLDER / RECORD_FILE).exists():
            with SharedGallery(folder) as gallery:
                model = gallery.model or ""
        if not model:
            raise GalleryError("Nobody was ever enrolled at this service; there is nothing to pull yet.")
        calibration: dict[str, Any] = {}
        path = build.site_calibration(settings)
        if path.is_file() and not path.is_symlink():
            try:
                calibration = json.loads(path.read_text("utf-8"))
            except (OSError, ValueError) as error:
                raise GalleryError(f"The calibration {path} cannot be read: {error}.") from error
        return {_MODEL: model, _CALIBRATION: calibration, _REJECTIONS: _rejections(settings, model)}


def _rejections(settings: Settings, model: str) -> list[FleetRejection]:
    if not settings.has_history:
        return []
    query = sa.select(rejections).where(rejections.c.active == 1, rejections.c.model == model).order_by(rejections.c.id)
    with closing(read_history(settings)) as history, history.reading() as connection:
        return [
            FleetRejection(
                id=row.id, person=row.person, at_us=row.at_us, vector=encoded(history.cipher.open(row.vector))
            )
            for row in connection.execute(query)
        ]


def _digest(value: Any) -> bytes:
    text = json.dumps(value, default=lambda each: each.model_dump(), sort_keys=True)
    return hashlib.sha256(text.encode()).digest()
