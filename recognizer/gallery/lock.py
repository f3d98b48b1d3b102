"""One writer at a time, across processes: an exclusive ``flock`` on a file of its own.

The system releases it when the process ends, however it ends. It needs no disk space, follows no link, and is not taken
on the record itself, so readers of the record never wait for it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import socket
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from recognizer.errors import GalleryBusyError, GalleryError
from recognizer.gallery.schema import way_out_of

try:
    import fcntl
except ImportError:  # Windows: galleries can be read there, not changed
    fcntl = None  # type: ignore[assignment]

LOCK_FILE = "writer.lock"
_BUSY = {errno.EACCES, errno.EAGAIN}
_NOTE_BYTES = 400


class WriterLock:
    """Holds the right to change one gallery while the ``with`` block runs.

    Args:
        record_folder: ``.recognizer`` in the gallery.
        purpose: what the gallery is changed for; a second writer reads it in its error.
    """

    def __init__(self, record_folder: Path, *, purpose: str) -> None:
        self._folder = record_folder
        self._purpose = purpose
        self._file: int | None = None

    def __enter__(self) -> Self:
        """Take it, without waiting.

        Raises:
            GalleryBusyError: if another process, or another part of this one, holds it.
            GalleryError: if the lock file cannot be opened, or is a link.
        """
        path = self._folder / LOCK_FILE
        if fcntl is None:
            raise GalleryError("A gallery cannot be changed on this system: it has no flock. Enrol on Linux or macOS.")
        refuse_links(self._folder)
        try:
            file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise no_permission(self._folder.parent, error) from error
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            os.close(file)
            raise GalleryError(f"{path} is a link to another file, or no file. " + way_out_of(self._folder.parent))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _note_in(file)
            os.close(file)
            if error.errno in _BUSY:
                raise GalleryBusyError(
                    f"The gallery {self._folder.parent} is being changed by {holder}. "
                    "Wait until it is done, then try again."
                ) from error
            raise GalleryError(f"The lock {path} cannot be taken: {error.strerror}.") from error
        self._file = file
        note = f"process {os.getpid()} on {socket.gethostname()} ({self._purpose}, since {datetime.now():%H:%M:%S})"
        with contextlib.suppress(OSError):  # for the message only: on a full disk there is none
            os.ftruncate(file, 0)
            os.pwrite(file, note.encode()[:_NOTE_BYTES], 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release it."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None


@contextlib.contextmanager
def people_lock(gallery: Path) -> Iterator[None]:
    """Hold the right to change photos together with the history; it ends with the process, however that ends.

    It is taken on the gallery's folder itself, which may have no record yet. ``WriterLock`` is taken within.

    Raises:
        GalleryBusyError: if another process, or another part of this one, holds it.
        GalleryError: if the folder cannot be opened.
    """
    if fcntl is None:
        raise GalleryError("A gallery cannot be changed on this system: it has no flock. Enrol on Linux or macOS.")
    try:
        folder = os.open(gallery, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise no_permission(gallery, error) from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(folder)
        if error.errno in _BUSY:
            message = (
                f"People of the gallery {gallery} are being changed by another process; try again when it is done."
            )
            raise GalleryBusyError(message) from error
        raise GalleryError(f"The gallery {gallery} cannot be locked: {error.strerror}.") from error
    try:
        yield
    finally:
        os.close(folder)


def refuse_links(record_folder: Path) -> None:
    """Refuse a record with links in it: what is read or written there would be a file elsewhere.

    Raises:
        GalleryError: naming the link, or if the folder cannot be listed.
    """
    try:
        links = [record_folder] if record_folder.is_symlink() else _links_in(record_folder)
    except (FileNotFoundError, NotADirectoryError):  # a file in its place is the business of whoever makes the folder
        return
    except OSError as error:
        raise GalleryError(
            f"The gallery's record {record_folder} cannot be read ({error.strerror}). "
            + way_out_of(record_folder.parent)
        ) from error
    if links:
        raise GalleryError(
            f"{links[0]} is a link to another place, which the gallery's record never holds; remove the link. "
            + way_out_of(record_folder.parent)
        )


def clear_the_way(record_folder: Path) -> None:
    """Delete what stands where the record's folder and files belong: links (never what they lead to), files, folders.

    Raises:
        GalleryError: if it may not be deleted.
    """
    try:
        if record_folder.is_symlink() or (os.path.lexists(record_folder) and not record_folder.is_dir()):
            delete(record_folder)
        if not record_folder.is_dir():
            return
        if record_folder.stat().st_mode & 0o700 != 0o700:
            record_folder.chmod(0o700)
        lock = record_folder / LOCK_FILE
        for path in _links_in(record_folder):
            delete(path)
        if os.path.lexists(lock):
            found = lock.lstat()
            if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
                delete(lock)
            elif found.st_mode & 0o600 != 0o600:
                lock.chmod(0o600)
    except OSError as error:
        raise no_permission(record_folder.parent, error) from error


def delete(path: Path) -> None:
    """Delete a file, a link or a folder with what is in it; nothing where there is none.

    Raises:
        OSError: if it may not be deleted.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _links_in(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if entry.is_symlink()]


def _note_in(file: int) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return os.pread(file, _NOTE_BYTES, 0).decode().strip() or "another process"
    return "another process"


def no_permission(gallery: Path, error: Exception) -> GalleryError:
    """Make the error for a gallery that cannot be written."""
    reason = getattr(error, "strerror", None) or str(error)
    return GalleryError(
        f"No permission to write in the gallery {gallery} ({reason}); its record stands in .recognizer/ inside it. "
        "Copy the gallery to a place where you may write; if only the record is at fault: " + way_out_of(gallery)
    )
