"""Change who is in a gallery: remove and rename people, in the folder and in the record.

Folder first, by one atomic rename, inside the record's open transaction. A crash in between leaves a record that
speaks of a folder that is no longer there under that name; the next enrolment follows the folder. It never brings a
removed person back.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from loguru import logger

from recognizer.errors import GalleryBusyError, GalleryError
from recognizer.gallery import schema
from recognizer.gallery.folder import CONSENT_FILE, HIDDEN_FILE, RECORD_FOLDER, require_gallery, scan
from recognizer.gallery.lock import WriterLock, clear_the_way, delete
from recognizer.gallery.names import person_name, sameness, shown, unknown_name
from recognizer.gallery.schema import RECORD_FILE
from recognizer.gallery.store import Gallery

_REMOVING = "removing"


def find_person(folder: Path, name: str) -> str:
    """The exact name of the person that ``name`` means; case and composition of letters do not matter.

    Raises:
        GalleryError: if it is no name, or nobody has it; the message lists the nearest names.
    """
    return _find(name, everybody(folder))


def remove(folder: Path, name: str, *, keep_photos: bool = False) -> Path | None:
    """Delete a person: vectors and thumbnails, and the folder of photos.

    Args:
        folder: The gallery.
        name: The person; case does not matter.
        keep_photos: Move the photos out of the gallery, beside it, instead of deleting them.

    Returns:
        Where the photos went; ``None`` when they were deleted or there were none.

    Raises:
        GalleryBusyError: if another process is changing the gallery.
        GalleryError: if nobody has that name, or the photos cannot be moved or deleted.
    """
    require_gallery(folder)
    find_person(folder, name)  # before the record is created for a mistyped gallery
    with Gallery(folder, write=True, purpose="gallery remove") as gallery:
        people = everybody(folder)
        person = _find(name, people)
        photos = folder / people[person]
        kept = None
        try:
            if photos.is_dir():
                if keep_photos:
                    kept = _free_place(folder.resolve(), person)
                    kept.parent.mkdir(mode=0o700, exist_ok=True)
                    shutil.move(photos, kept)
                else:
                    bury(folder, photos)
        except OSError as error:
            raise GalleryError(f"The photos of {shown(person)} cannot be taken out: {error}.") from error
        clear_buried(folder)  # first, as the record may need the space
        gallery.forget(person)
    return kept


def rename(folder: Path, old: str, new: str) -> str:
    """Give a person, and their folder, another name.

    Returns:
        The new name as it is stored.

    Raises:
        GalleryBusyError: if another process is changing the gallery.
        GalleryError: if nobody is called ``old``, ``new`` is no name or is taken, or the folder cannot be renamed.
    """
    require_gallery(folder)
    new = person_name(new)
    find_person(folder, old)
    with Gallery(folder, write=True, purpose="gallery rename") as gallery:
        people = everybody(folder)
        person = _find(old, people)
        for other in people:
            if other != person and sameness(other) == sameness(new):
                raise GalleryError(
                    f"{shown(other)} is in this gallery already. To make one person of the two, move the photos of "
                    f"{shown(person)} into that folder and enrol again."
                )
        source, target = folder / people[person], folder / new
        moved = source.is_dir() and source != target
        try:
            if moved:
                if target.exists() and not target.samefile(source):
                    raise GalleryError(f"{target} exists already and is not a person's folder; nothing was renamed.")
                os.rename(source, target)
        except OSError as error:
            raise GalleryError(f"The folder {source} cannot be renamed: {error}.") from error
        try:
            gallery.rename(person, new, folder=new)
        except GalleryError:
            if moved:  # the record could not be written, as on a full disk: all or nothing
                with suppress(OSError):
                    os.rename(target, source)
            raise
    return new


def merge(folder: Path, into: str, other: str) -> list[tuple[str, str]]:
    """Move all photos of a person into the folder of another one; enrol the gallery afterwards.

    A consent of the other person goes along; where ``into`` has one already, it is kept beside it as a hidden file.
    Whether ``into`` is listed (`recognizer.gallery.hidden`) stays as it is.

    Returns:
        Each file as it was and as it is, ``folder/file``.

    Raises:
        GalleryBusyError: if another process is changing the gallery.
        GalleryError: if one of them is not in the gallery, or a file cannot be moved; nothing is moved then.
    """
    with Gallery(folder, write=True, purpose="merge people"):
        people = everybody(folder)
        source, target = folder / people[_find(other, people)], folder / people[_find(into, people)]
        moves: list[tuple[Path, Path]] = []
        try:
            target.mkdir(exist_ok=True)
            for path in sorted(source.iterdir()) if source.is_dir() else ():
                place = target / (f"{HIDDEN_FILE} of {other}" if path.name == HIDDEN_FILE else path.name)
                if os.path.lexists(place):
                    name = f".{path.stem} of {other}{path.suffix}" if path.name == CONSENT_FILE else path.name
                    place = place.with_name(name)
                if os.path.lexists(place):
                    place = place.with_stem(f"{place.stem}-{uuid.uuid4().hex[:12]}")
                os.rename(path, place)
                moves.append((path, place))
            if source.is_dir():
                source.rmdir()
        except OSError as error:
            put_back(moves)
            raise GalleryError(f"The photos of {shown(other)} cannot be moved: {error}.") from error
        return [(_relative(path, folder), _relative(place, folder)) for path, place in moves]


def put_back(moves: Sequence[tuple[Path, Path]]) -> None:
    """Move files back to where they were, as far as possible; a folder that is empty then is deleted."""
    for path, place in reversed(moves):
        with suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            os.rename(place, path)
    for folder in {place.parent for _, place in moves}:
        with suppress(OSError):
            folder.rmdir()


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def clear_buried(folder: Path) -> None:
    """Delete the photos of removed people that `remove` has not deleted yet, because it was interrupted."""
    record = folder / RECORD_FOLDER
    for buried in [record / _REMOVING, *record.glob(f"{_REMOVING}-*")]:  # the first is of earlier versions
        if buried.is_dir() and not buried.is_symlink():
            shutil.rmtree(buried, ignore_errors=True)
            if buried.exists():
                logger.warning("Photos of a removed person could not be deleted; delete {} by hand.", buried)


def discard_unusable_record(folder: Path) -> None:
    """Delete a record that cannot be opened, so that it can be built again; one that can be is left alone.

    Raises:
        GalleryBusyError: if another process is changing the gallery.
        GalleryError: if it may not be deleted.
    """
    path = folder / RECORD_FOLDER / RECORD_FILE
    clear_the_way(path.parent)
    files = (path, *schema.leftovers(path))
    if not any(map(os.path.lexists, files)):
        return
    with WriterLock(path.parent, purpose="enroll --rebuild"):
        try:
            schema.connect(path, write=True).close()
            _read_everything(folder)
            return
        except (GalleryBusyError, schema.DiskFullError):
            raise
        except GalleryError as error:
            logger.warning("The record is thrown away and built again from the photos: {}", error)
        for file in files:
            try:
                delete(file)
            except OSError as error:
                raise GalleryError(f"No permission to delete {file}: {error.strerror}.") from error


def _read_everything(folder: Path) -> None:
    with Gallery(folder) as gallery:
        gallery.people()
        gallery.enrolled()
        gallery.measurements(gallery.model or "")


def bury(folder: Path, photos: Path) -> None:
    """Take a person's folder away in one step: a crash while files are being deleted must not leave half a person.

    Raises:
        OSError: if it cannot be moved.
    """
    os.rename(photos, folder / RECORD_FOLDER / f"{_REMOVING}-{uuid.uuid4().hex}")


def everybody(folder: Path) -> dict[str, str]:
    """Return everyone in the folder or in the record: name to the folder's name."""
    people = dict(scan(folder, suffixes=frozenset()).people)
    if (folder / RECORD_FOLDER).is_dir():
        try:
            with Gallery(folder) as gallery:
                # A path in a tampered record must not lead the deletion out of the gallery.
                recorded = {p.name: p.folder for p in gallery.people() if _is_one_name(p.folder)}
        except GalleryError as error:
            logger.debug("The record was not read: {}", error)
            recorded = {}
        people = {**recorded, **people}
    return people


def _is_one_name(folder: str) -> bool:
    return folder not in {"", ".", "..", RECORD_FOLDER} and Path(folder).name == folder


def _find(name: str, people: dict[str, str]) -> str:
    wanted = person_name(name)
    if wanted in people:
        return wanted
    for person in people:
        if sameness(person) == sameness(wanted):
            return person
    raise unknown_name(wanted, people)


def _free_place(gallery: Path, person: str) -> Path:
    """A path for a person's photos beside the gallery that does not exist yet."""
    parent = gallery.with_name(f"{gallery.name}-removed")
    place, number = parent / person, 2
    while os.path.lexists(place):
        place, number = parent / f"{person} ({number})", number + 1
    return place
