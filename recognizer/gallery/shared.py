"""What a gallery shares with others, person by person: vectors, notes, consent, marks; no photo and no thumbnail."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loguru import logger

from recognizer.errors import GalleryError
from recognizer.gallery import proof, schema, stored
from recognizer.gallery.consent import Consent, read_consent
from recognizer.gallery.folder import CONSENT_FILE, HIDDEN_FILE, RECORD_FOLDER
from recognizer.gallery.records import Measurement, Note
from recognizer.gallery.store import Gallery

_UNREADABLE = Consent("1970-01-01", by="cannot be read at the service", withdrawn="1970-01-01")


@dataclass(frozen=True, slots=True, eq=False)
class SharedPhoto:
    """An accepted photo without its picture."""

    file: str
    sha256: bytes
    """Of the picture."""
    notes: tuple[Note, ...]
    measurement: Measurement
    """Without thumbnail."""


@dataclass(frozen=True, slots=True, eq=False)
class SharedPerson:
    """Everything by which somebody is recognised elsewhere."""

    name: str
    folder: str
    """Name of their folder."""
    photos: tuple[SharedPhoto, ...]
    consent: Consent | None
    hidden: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """A person as they stand now, for comparison."""

    digest: bytes
    """Changes with whatever `SharedPerson` holds."""
    contents: tuple[str, ...]
    """Hex digests of their accepted photos."""


class SharedGallery(Gallery):
    """A gallery whose people are handed to others."""

    @contextmanager
    def one_moment(self) -> Iterator[None]:
        """Let everything read inside be of one commit.

        Raises:
            GalleryError: if the record cannot be read.
        """
        with self._reading():
            yield

    def revision(self) -> tuple[str | None, str | None]:
        """Return the model's fingerprint, and what changes with every commit.

        Raises:
            GalleryError: if the record cannot be read.
        """
        facts = self._commit().facts
        return facts.get("model"), facts.get(proof.DIGEST)

    def standing(self) -> Mapping[str, Standing]:
        """Return how everybody stands; reads no vector.

        Raises:
            GalleryError: if the record or a consent cannot be read, or the record is of layout 1.
        """
        with self._reading() as connection:
            if schema.layout(connection) == schema.UNPROVED:
                raise GalleryError(f"The record of {self.folder} is of an older layout; 'enroll' brings it up to date.")
            commit = self._commit()
            query = f"SELECT sha256, {proof.DIGEST} FROM measurements WHERE model = ?"  # noqa: S608
            digests = dict(connection.execute(query, (commit.facts.get("model", ""),)).fetchall())
        photos = _accepted(commit)
        found = {}
        for name, folder, _ in commit.people:
            own = photos.get(name, [])
            parts = [[file, sha256.hex(), notes, digests.get(sha256, b"").hex()] for file, sha256, notes in own]
            consent, hidden = self._marks(folder)
            whole = json.dumps([folder, parts, consent and consent.as_dict(), hidden])
            found[name] = Standing(hashlib.sha256(whole.encode()).digest(), tuple(part[1] for part in parts))
        return found

    def shared(self, names: Iterable[str]) -> Iterator[SharedPerson]:
        """Yield people as others need them; those who are not there any more are dropped.

        Raises:
            GalleryError: if the record or a consent cannot be read.
        """
        with self._reading() as connection:
            commit = self._commit()
            model, photos = str(commit.facts.get("model", "")), _accepted(commit)
            folders = {name: folder for name, folder, _ in commit.people}
            query = f"SELECT {proof.MEASURED}, {proof.DIGEST} FROM measurements WHERE sha256 = ? AND model = ?"  # noqa: S608
            for name in names:
                if name not in folders:
                    continue
                own = []
                for file, sha256, notes in photos.get(name, ()):
                    row = connection.execute(query, (sha256, model)).fetchone()
                    if row is None:
                        raise stored.DamagedRow("an accepted photo has no vector")
                    measured = stored.measurement_of(row[:-1], row[-1], None, proved=True)
                    own.append(SharedPhoto(file, sha256, stored.notes_of(notes), measured))
                consent, hidden = self._marks(folders[name])
                yield SharedPerson(name, folders[name], tuple(own), consent, hidden)

    def _marks(self, folder: str) -> tuple[Consent | None, bool]:
        place = self.folder / folder
        try:
            consent = read_consent(place)
        except GalleryError as error:  # as here: this person is withheld, and nobody else
            logger.warning("fleet: {}", error)
            consent = _UNREADABLE
        return consent, (place / HIDDEN_FILE).is_file()


def renamed_to(contents: Collection[str], owners: Mapping[str, str]) -> str | None:
    """Return who has most photos of somebody who is gone: they were renamed or merged, and not deleted.

    Args:
        contents: digests of the photos that they had.
        owners: who has which photo now.
    """
    most = Counter(owners[each] for each in contents if each in owners).most_common(1)
    return most[0][0] if most and 2 * most[0][1] > len(contents) else None


def stamps(folder: Path, folders: Iterable[str]) -> tuple[tuple[int, int] | None, ...]:
    """Return what changes when the record, a consent or a mark does; reads no file."""
    files = [folder / RECORD_FOLDER / schema.RECORD_FILE]
    files += [folder / each / mark for each in folders for mark in (CONSENT_FILE, HIDDEN_FILE)]
    return tuple(map(_stamp, files))


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _accepted(commit: proof.Commit) -> dict[str, list[tuple[Any, ...]]]:
    """Return file, content and notes of the accepted photos of each person."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for name, file, sha256, *_, accepted, notes in commit.photos:
        if accepted and sha256:
            found.setdefault(name, []).append((file, sha256, notes))
    return found
