"""Put a person's photos into a gallery's folder; enrolment reads them from there."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from recognizer.errors import GalleryError
from recognizer.gallery.folder import scan
from recognizer.gallery.names import person_name, sameness, shown
from recognizer.whole_files import PRIVATE, whole_file


@dataclass(frozen=True, slots=True)
class NewPhoto:
    """One photo to put into a gallery."""

    data: bytes
    """Content of the picture file."""
    name: str
    """File name with its ending; another one is taken where a different photo has it."""


@dataclass(frozen=True, slots=True)
class Intake:
    """Result of ``add_photos``."""

    person: str
    """The person's name as it is stored."""
    folder: Path
    files: tuple[str, ...]
    """File name of each photo in the folder, in the order given."""
    written: tuple[Path, ...]
    """The files that were not there before."""

    def undo(self) -> None:
        """Delete what was written, and the person's folder if that leaves it empty."""
        for path in self.written:
            path.unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()


def add_photos(gallery: Path, name: str, photos: list[NewPhoto]) -> Intake:
    """Write photos into the folder of a person, which is made where it is missing, as is the gallery.

    Args:
        gallery: the gallery's folder.
        name: the person; case does not matter where the person has a folder already.
        photos: what to write; a photo whose content is in the folder under its name is not written again.

    Raises:
        GalleryError: if ``name`` cannot be a person's name, or the folder cannot be written.
    """
    person = person_name(name)
    try:
        gallery.mkdir(parents=True, exist_ok=True)
        people = scan(gallery, suffixes=frozenset()).people
        person = next((known for known in people if sameness(known) == sameness(person)), person)
        folder = gallery / people.get(person, person)
        folder.mkdir(exist_ok=True)
        files, written = [], []
        for photo in photos:
            path, is_new = _place(folder, photo)
            if is_new:
                _write(path, photo.data)
                written.append(path)
            files.append(path.name)
    except OSError as error:
        raise GalleryError(f"The photos of {shown(name)} cannot be written into {gallery}: {error}.") from error
    return Intake(person, folder, tuple(files), tuple(written))


def _place(folder: Path, photo: NewPhoto) -> tuple[Path, bool]:
    """The photo's path, and whether it has to be written."""
    path = folder / photo.name
    if os.path.lexists(path) and not _holds(path, photo.data):
        path = path.with_stem(f"{path.stem}-{hashlib.sha256(photo.data).hexdigest()[:12]}")
    return path, not os.path.lexists(path)


def _holds(path: Path, data: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data


def _write(path: Path, data: bytes) -> None:
    with whole_file(path, mode=PRIVATE) as part:
        part.write_bytes(data)
