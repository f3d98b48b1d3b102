"""A gallery that is a copy of a service's: changes are applied together, in one transaction of its record.

The marks beside the record (consent, hidden) are written first and what is taken away last, so that an interruption
withholds a name rather than showing one. The record holds up to which change it is a copy; whatever was interrupted
is therefore pulled and applied again.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from recognizer.errors import GalleryError, PulledGalleryError
from recognizer.gallery import consent, hidden, origin, proof, schema, stored
from recognizer.gallery.folder import CONSENT_FILE, RECORD_FOLDER, folder_of, is_nobodys, require_gallery, scan
from recognizer.gallery.names import person_name
from recognizer.gallery.origin import Origin
from recognizer.gallery.records import Measurement
from recognizer.gallery.shared import SharedPerson
from recognizer.gallery.store import Gallery
from recognizer.gallery.upkeep import bury, clear_buried

_NO_STAMP = (0, 0, 0, 0)
"""Size and times of photos that are not here."""


class PulledGallery(Gallery):
    """A copy, opened by the one who keeps it."""

    def _admit(self, facts: Mapping[str, Any]) -> None:
        if origin.origin_in(facts) is None and self.people():
            raise PulledGalleryError(
                f"The gallery {self.folder} has people of its own; a box of a fleet takes those of the service. "
                "Take another folder (--gallery), or move this one away."
            )

    @property
    def origin(self) -> Origin | None:
        """Where it comes from; ``None`` before the first change was applied."""
        return origin.origin_in(self._commit().facts)

    def contents(self) -> dict[str, set[str]]:
        """Return the hex digests of each person's photos."""
        found: dict[str, set[str]] = {person.name: set() for person in self.people()}
        for photo in self.photos():
            if photo.content is not None:
                found[photo.person].add(photo.content.sha256.hex())
        return found

    def apply(self, people: Sequence[SharedPerson], gone: Collection[str], *, model: str, to: Origin) -> None:
        """Make the copy equal to the service's gallery after some changes.

        Args:
            people: Who is new or changed, whole.
            gone: Who is not in the gallery any more.
            model: Fingerprint of the model that made the vectors.
            to: What the copy is one of then.

        Raises:
            GalleryError: if the disk does not take them; the record is as it was then.
        """
        for person in people:
            _require_place(person)
            _write_marks(self.folder, person)
        _take_away(self.folder, gone)

        def change(connection: sqlite3.Connection) -> None:
            run = connection.execute
            for name in gone:
                run("DELETE FROM people WHERE name = ?", (name,))
            for person in people:
                values = (person.name, person.folder, stored.now())
                run("INSERT OR IGNORE INTO people (name, folder, enrolled_at) VALUES (?, ?, ?)", values)
                run("UPDATE people SET folder = ? WHERE name = ?", (person.folder, person.name))
                run("DELETE FROM photos WHERE person_id = (SELECT id FROM people WHERE name = ?)", (person.name,))
                for photo in person.photos:
                    _measure(connection, photo.sha256, model, photo.measurement)
                    notes = stored.notes_text(photo.notes)
                    row = (photo.file, photo.sha256, *_NO_STAMP, True, notes, person.name)
                    run("INSERT INTO photos SELECT id, ?, ?, ?, ?, ?, ?, ?, ? FROM people WHERE name = ?", row)
            facts = {"model": model, origin.FACT: reached.as_text(), "changed_at": stored.now()}
            for fact in (*facts.items(), schema.MEASURING):
                run("INSERT OR REPLACE INTO facts VALUES (?, ?)", fact)

        consents = [self.folder / person.folder / CONSENT_FILE for person in people if person.consent is None]
        consents = [path for path in consents if os.path.lexists(path)]
        reached = Origin(to.service, "") if consents else to  # interrupted before they are gone, all is pulled again
        self._change(change, is_removal=bool(gone) and not people)
        if consents:
            _delete(consents)
            self._change(lambda connection: _note_origin(connection, to))

    def release(self) -> None:
        """Forget everybody and the service, so that the gallery is this machine's own again.

        Raises:
            GalleryError: if a folder cannot be taken away; everybody is in the record then.
        """
        _take_away(self.folder, [person.name for person in self.people()])

        def change(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM people")
            connection.execute("DELETE FROM facts WHERE key = ?", (origin.FACT,))

        self._change(change, is_removal=True)


def pulled_from(folder: Path) -> Origin | None:
    """Return which service's copy a gallery is; ``None`` for one of its own, or none at all.

    Raises:
        GalleryError: if the record cannot be read.
    """
    if not (folder / RECORD_FOLDER / schema.RECORD_FILE).exists():
        return None
    with PulledGallery(folder) as gallery:
        return gallery.origin


def require_no_photos(folder: Path) -> None:
    """Refuse a gallery that holds photos of people, who would be forgotten.

    Raises:
        PulledGalleryError: it says what to do.
    """
    require_gallery(folder)
    if pulled_from(folder) is None and scan(folder, suffixes=frozenset()).people:
        raise PulledGalleryError(
            f"The gallery {folder} has people of its own; a box of a fleet takes those of the service. "
            "Take another folder (--gallery), or move this one away."
        )


def _measure(connection: sqlite3.Connection, sha256: bytes, model: str, measurement: Measurement) -> None:
    row = stored.measurement_row(sha256, model, measurement)
    columns = f"{proof.MEASURED}, measured_at, thumbnail, {proof.DIGEST}"
    values = (*row, stored.now(), None, proof.measurement_digest(row))
    marks = ", ".join("?" * len(values))
    connection.execute(f"INSERT OR REPLACE INTO measurements ({columns}) VALUES ({marks})", values)  # noqa: S608


def _require_place(person: SharedPerson) -> None:
    """Refuse a folder that is no single name: what a service says becomes a path here."""
    if person_name(person.name) != person.name or person_name(person.folder) != person.name:
        raise GalleryError(f"The service names a folder that cannot be one: {person.folder!r}.")
    if person.folder == RECORD_FOLDER or is_nobodys(person.folder) or Path(person.folder).name != person.folder:
        raise GalleryError(f"The service names a folder that cannot be one: {person.folder!r}.")


def _write_marks(folder: Path, person: SharedPerson) -> None:
    place = folder / person.folder
    try:
        if place.is_symlink():
            raise GalleryError(f"{place} is a link; a person's folder is none.")
        place.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise GalleryError(f"The folder {place} cannot be made: {error.strerror}.") from error
    if person.consent is not None:
        consent.write_consent(place, person.consent)
    hidden.set_hidden(folder, person.folder, person.hidden)


def _take_away(folder: Path, names: Iterable[str]) -> None:
    """Delete the folders of people; a name that would lead out of the gallery has none."""
    for name in names:
        place = folder_of(folder, name)
        if place.is_dir() and not place.is_symlink() and place.parent == folder:
            try:
                bury(folder, place)
            except OSError as error:
                raise GalleryError(f"The folder {place} cannot be taken away: {error.strerror}.") from error
    clear_buried(folder)


def _delete(consents: Iterable[Path]) -> None:
    for path in consents:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise GalleryError(f"The consent {path} cannot be deleted: {error.strerror}.") from error


def _note_origin(connection: sqlite3.Connection, to: Origin) -> None:
    connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (origin.FACT, to.as_text()))
