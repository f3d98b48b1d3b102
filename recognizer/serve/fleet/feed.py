"""Changes of the gallery for boxes: who changed since a revision, the calibration and the rejections."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
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
_NOBODY = "Nobody was ever enrolled at this service; there is nothing to pull yet."
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
        self._numbered: object = None
        """Revision of the record and stamps of the marks that were numbered last."""
        self._folders: tuple[str, ...] = ()

    def refresh(self) -> None:
        """Number what changed; cheap where nothing did.

        Raises:
            GalleryError: if the gallery cannot be read, or nobody was ever enrolled.
            HistoryError: if the rejections cannot be read.
        """
        settings = self._settings()
        with self._opened(settings) as (gallery, everybodys):
            self._number(gallery, everybodys)

    @contextmanager
    def _opened(self, settings: Settings) -> Iterator[tuple[SharedGallery, dict[str, Any]]]:
        """Open the gallery, with what concerns everybody; all that is read of it, and numbered, is of one moment."""
        folder = settings.gallery.folder
        if not (folder / RECORD_FOLDER / RECORD_FILE).exists():
            raise GalleryError(_NOBODY)
        with self._lock, SharedGallery(folder) as gallery:
            model = gallery.revision()[0]
            everybodys = _everybodys(settings, model)  # not in that moment, in which nobody else can write the gallery
            with gallery.one_moment():
                if gallery.revision()[0] != model:
                    raise GalleryError("The gallery's model changes just now; try again.")
                yield gallery, everybodys

    def _number(self, gallery: SharedGallery, everybodys: Mapping[str, Any]) -> None:
        """Number what changed."""
        revision = gallery.revision()[1]
        self._store.record(SHARED, {name: Standing(_digest(value), ()) for name, value in everybodys.items()})
        if (revision, stamps(gallery.folder, self._folders)) == self._numbered:
            return
        folders = tuple(person.folder for person in gallery.people())
        before = stamps(gallery.folder, folders)  # a mark that changes while it is read is found the next time
        self._store.record(PERSON, gallery.standing())
        self._folders, self._numbered = folders, (revision, before)

    def page(self, since: str | None) -> FleetGallery:
        """Return the next changes after a revision.

        Args:
            since: ``cursor`` of an earlier answer; ``None``, or one of a lost record of changes: everything.

        Raises:
            GalleryError: if the gallery cannot be read, or nobody was ever enrolled.
            HistoryError: if the rejections cannot be read.
        """
        settings = self._settings()
        with self._opened(settings) as (gallery, everybodys):  # else who is renamed meanwhile would be gone
            self._number(gallery, everybodys)
            epoch, number, in_full = self._position(since)
            found = self._store.changes(number, PAGE + 1)
            changes, more = found[:PAGE], len(found) > PAGE
            present = [each.name for each in changes if each.kind == PERSON and not each.gone]
            people = [person_document(person) for person in gallery.shared(present)] if present else []
        last = changes[-1].number if changes else number
        names = {kind: {each.name for each in changes if each.kind == kind} for kind in (PERSON, SHARED)}
        going_on = more and in_full
        return FleetGallery(
            cursor=f"{epoch}.{last}{'.full' if going_on else ''}",
            full=in_full,
            more=more,
            model=everybodys[_MODEL],
            people=people,
            gone=sorted(each.name for each in changes if each.kind == PERSON and each.gone),
            calibration=everybodys[_CALIBRATION] if _CALIBRATION in names[SHARED] else None,
            rejections=_rejections(settings, everybodys[_MODEL]) if _REJECTIONS in names[SHARED] else None,
        )

    def number_of(self, cursor: str | None) -> int | None:
        """Return the change up to which whoever has a cursor is; ``None``: between two parts, it has applied none."""
        _, number, in_full = self._position(cursor)
        return None if in_full and number else number

    def _position(self, since: str | None) -> tuple[str, int, bool]:
        """Return the epoch, the number, and whether the answer begins anew."""
        epoch, _, rest = (since or "").partition(".")
        number, _, mark = rest.partition(".")
        if epoch == self._store.epoch and number.isdecimal() and int(number) <= self._store.newest():
            return epoch, int(number), mark == "full"
        return self._store.epoch, 0, True


def _everybodys(settings: Settings, model: str | None) -> dict[str, Any]:
    if not model:
        raise GalleryError(_NOBODY)
    calibration: dict[str, Any] = {}
    path = build.site_calibration(settings)
    if path.is_file() and not path.is_symlink():
        try:
            calibration = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise GalleryError(f"The calibration {path} cannot be read: {error}.") from error
    return {_MODEL: model, _CALIBRATION: calibration, _REJECTIONS: _rejected(settings, model)}


def _rejected(settings: Settings, model: str) -> list[list[Any]]:
    """Return number and person of each rejection, which say whether one came or went: its face stays as it is."""
    if not settings.has_history:
        return []
    with closing(read_history(settings)) as history, history.reading() as connection:
        found = connection.execute(_active(model).with_only_columns(rejections.c.id, rejections.c.person))
        return [list(row) for row in found]


def _active(model: str) -> sa.Select[Any]:
    there = sa.and_(rejections.c.active == 1, rejections.c.model == model)
    return sa.select(rejections).where(there).order_by(rejections.c.id)


def _rejections(settings: Settings, model: str) -> list[FleetRejection]:
    if not settings.has_history:
        return []
    with closing(read_history(settings)) as history, history.reading() as connection:
        return [
            FleetRejection(
                id=row.id, person=row.person, at_us=row.at_us, vector=encoded(history.cipher.open(row.vector))
            )
            for row in connection.execute(_active(model))
        ]


def _digest(value: Any) -> bytes:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest()
