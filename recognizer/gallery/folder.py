"""List the photos of a gallery, ``<gallery>/<Person Name>/<photo>``, and notice changed ones; decode none.

The folder is the source of truth; the record follows it.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path

from recognizer.errors import GalleryError
from recognizer.gallery.names import control_problem, person_name, sameness, shown

RECORD_FOLDER = ".recognizer"
"""Hidden folder inside the gallery that holds everything this program writes there."""
CONSENT_FILE = "consent.yaml"
"""File in a person's folder that says whether they agreed to be recognised (`recognizer.gallery.consent`)."""
HIDDEN_FILE = ".hidden"
"""Empty file in the folder of a person who is not listed unless requested (`recognizer.gallery.hidden`)."""
LARGEST_PHOTO_BYTES = 200 * 2**20
"""A larger file is no photo; hashing it would only keep the machine busy."""
NOBODYS = frozenset(
    {"@eadir", "@tmp", "@recycle", "#recycle", "#snapshot", "lost+found", "$recycle.bin", "recycler", "__macosx"}
    | {"system volume information", "thumbs.db", "desktop.ini", "network trash folder", "temporary items"}
    | {"@__thumb", "@recently-snapshot", "found.000"}
)
"""Names, in lower case, that systems and network storage (Synology, QNAP, Windows, macOS, ext4) leave in folders."""
_RACY_NS = 2_000_000_000
"""Coarsest time stamp of a common file system (FAT: 2 s)."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Size and times of a file."""

    size: int
    """Bytes."""
    modified_ns: int
    changed_ns: int
    """Status change time, which cannot be set by hand."""

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """Read the stamp of a file.

        Raises:
            OSError: if the file is gone or its folder may not be searched.
        """
        status = path.stat()
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a file, by its digest, and when it was read."""

    sha256: bytes
    stamp: Stamp
    hashed_at_ns: int
    """When the digest was computed, ns since 1970."""

    def still_holds(self, stamp: Stamp) -> bool:
        """Return whether ``stamp`` proves that the content is the same.

        A file that is written again within one tick of the file system's clock keeps its stamp. A stamp younger than a
        tick when the file was hashed proves nothing therefore, as with git's "racily clean" entries.
        """
        settled = max(self.stamp.modified_ns, self.stamp.changed_ns) + _RACY_NS < self.hashed_at_ns
        return settled and stamp == self.stamp


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """One photo of one person."""

    person: str
    """The person's name: the folder's, normalised."""
    folder: str
    """The folder's name as it stands on disk."""
    file: str
    """The file's name as it stands on disk."""
    path: Path


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in the gallery that is not read."""

    where: str
    """Relative to the gallery, printable."""
    reason: str
    link: bool = False
    """It is a link, which is not followed; somebody may be missing for it."""
    unreadable: bool = False
    """The system does not let it be read."""


@dataclass(frozen=True, slots=True)
class Scan:
    """The photos and people of a gallery folder, and what in it is not read."""

    photos: tuple[PhotoFile, ...]
    """Sorted by person and file."""
    skipped: tuple[Skipped, ...]
    people: dict[str, str]
    """Name of each person that has a folder, with or without photos, to the folder's name on disk."""


def require_gallery(folder: Path) -> Path:
    """Return the gallery's path with links resolved.

    Raises:
        GalleryError: if there is no such folder.
    """
    try:
        exists, is_folder = folder.exists(), folder.is_dir()
    except OSError as error:
        raise GalleryError(f"The gallery {folder} cannot be read: {error.strerror}.") from error
    if not exists:
        raise GalleryError(
            f"There is no gallery at {folder}. Make the folder, with one sub-folder of photos per person."
        )
    if not is_folder:
        raise GalleryError(f"The gallery {folder} is a file; wanted a folder with one sub-folder of photos per person.")
    return folder.resolve()


def make_gallery(folder: Path) -> None:
    """Make the folder of a gallery where it is missing.

    Raises:
        GalleryError: if it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GalleryError(f"The gallery {folder} cannot be made: {error.strerror or error}.") from error


def scan(folder: Path, *, suffixes: AbstractSet[str]) -> Scan:
    """List the people and photos of a gallery.

    Args:
        folder: The gallery.
        suffixes: Lower-case endings of the files that are pictures, with the dot.

    Raises:
        GalleryError: if the gallery is missing or cannot be listed; a person's folder that cannot is in ``skipped``.
    """
    root = require_gallery(folder)
    photos: list[PhotoFile] = []
    skipped: list[Skipped] = []
    people: dict[str, str] = {}
    taken: dict[str, str] = {}
    for entry in _listed(root):
        if is_nobodys(entry.name):
            continue
        if not _is_folder(entry):
            if not _hidden(entry) and Path(entry.name).suffix.lower() in suffixes:
                skipped.append(_skip(root, entry, "a photo belongs into the folder of a person, not beside them"))
            elif entry.is_symlink() and not _hidden(entry):
                skipped.append(_skip(root, entry, "a link that leads nowhere"))
            continue
        if entry.name == RECORD_FOLDER:
            continue
        if entry.is_symlink():
            skipped.append(_skip(root, entry, "a link to another folder; photos must stand in the gallery itself"))
            continue
        try:
            name = person_name(entry.name)
        except GalleryError as error:
            skipped.append(_skip(root, entry, str(error)))
            continue
        rival = taken.setdefault(sameness(name), entry.name)
        if rival != entry.name:
            reason = f"the same name as the folder {shown(rival)}; put the photos together, or give one another name"
            skipped.append(_skip(root, entry, reason))
            continue
        people[name] = entry.name
        try:
            _photos_of(root, Path(entry.path), name, suffixes, photos, skipped)
        except GalleryError as error:
            skipped.append(replace(_skip(root, entry, str(error)), unreadable=True))
    photos.sort(key=lambda photo: (photo.person, photo.file))
    return Scan(tuple(photos), tuple(skipped), people)


def folder_of(gallery: Path, person: str) -> Path:
    """Return where a person's photos stand, or would stand: the folder on disk may have the name in other letters."""
    folder = gallery / person
    if folder.is_dir() or not gallery.is_dir():
        return folder
    return gallery / scan(gallery, suffixes=frozenset()).people.get(person, person)


def _photos_of(
    root: Path,
    folder: Path,
    person: str,
    suffixes: AbstractSet[str],
    photos: list[PhotoFile],
    skipped: list[Skipped],
) -> None:
    for entry in _listed(folder):
        if _hidden(entry) or entry.name == CONSENT_FILE:
            continue
        try:
            reason = _not_a_photo(root, entry, suffixes)
        except OSError as error:  # gone since it was listed, for one
            skipped.append(replace(_skip(root, entry, f"cannot be read: {error.strerror}"), unreadable=True))
            continue
        if reason:
            skipped.append(_skip(root, entry, reason))
        else:
            photos.append(PhotoFile(person, folder.name, entry.name, Path(entry.path)))


def _not_a_photo(root: Path, entry: os.DirEntry[str], suffixes: AbstractSet[str]) -> str | None:
    path = Path(entry.path)
    if problem := control_problem(entry.name):
        return problem.replace("it holds", "the file name holds")
    if entry.is_symlink():
        try:
            inside = path.resolve(strict=True).is_relative_to(root)
        except (OSError, RuntimeError):
            return "a link that leads nowhere"
        if not inside:
            return "a link that leaves the gallery; copy the photo here instead"
    if _is_folder(entry):
        return "a folder inside a person's folder is not read; move its photos up"
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        kinds = ", ".join(sorted(suffixes))
        return f"{suffix or 'a file without ending'} is not a picture that can be read; wanted one of {kinds}"
    if not entry.is_file():
        return "not a regular file"
    size = entry.stat().st_size
    if size > LARGEST_PHOTO_BYTES:
        return f"{size / 2**20:.0f} MB large; at most {LARGEST_PHOTO_BYTES // 2**20} MB are read"
    return None


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise GalleryError(f"The folder {folder} cannot be listed: {error.strerror}.") from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _hidden(entry: os.DirEntry[str]) -> bool:
    return entry.name.startswith(".") or is_nobodys(entry.name)


def is_nobodys(name: str) -> bool:
    """Return whether a name is that of a system's or a network storage's own file or folder."""
    return name.lower() in NOBODYS or name.startswith("._")


def _skip(root: Path, entry: os.DirEntry[str], reason: str) -> Skipped:
    return Skipped(shown(str(Path(entry.path).relative_to(root)))[1:-1], reason, entry.is_symlink())


def content(path: Path, known: Content | None = None) -> Content:
    """Return the content of a file; it is read only if ``known`` does not prove it unchanged.

    Raises:
        OSError: if the file cannot be read.
    """
    stamp = Stamp.of(path)
    if known is not None and known.still_holds(stamp):
        return known
    hashed_at_ns = time.time_ns()
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    return Content(digest, stamp, hashed_at_ns)
