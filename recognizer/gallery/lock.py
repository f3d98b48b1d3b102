"""One writer at a time, across processes: an exclusive ``flock`` on a file of its own.

The system releases it when the process ends, however it ends. It needs no disk space, follows no link, and is not taken
on the record itself, so readers of the record never wait for it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from recognizer.errors import GalleryBusyError, GalleryError

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
        purpose: what for, in the message of whoever comes meanwhile.
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
            raise GalleryError(f"{path} is a link to another file, or no file; remove it and try again.")
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


def refuse_links(record_folder: Path) -> None:
    """Refuse a record with links in it: what is written there would change a file elsewhere.

    Raises:
        GalleryError: naming the link.
    """
    try:
        links = [entry.name for entry in os.scandir(record_folder) if entry.is_symlink()]
    except FileNotFoundError:
        return
    except OSError as error:
        raise no_permission(record_folder.parent, error) from error
    if record_folder.is_symlink() or links:
        name = record_folder.name if record_folder.is_symlink() else f"{record_folder.name}/{links[0]}"
        raise GalleryError(
            f"{record_folder.parent / name} is a link to another place, which the gallery's record never holds; "
            "remove the link, then run enroll --rebuild."
        )


def _note_in(file: int) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return os.pread(file, _NOTE_BYTES, 0).decode().strip() or "another process"
    return "another process"


def no_permission(gallery: Path, error: Exception) -> GalleryError:
    """Make the error for a gallery that cannot be written."""
    reason = getattr(error, "strerror", None) or str(error)
    return GalleryError(
        f"No permission to write in the gallery {gallery} ({reason}); its record stands in .recognizer/ inside it. "
        "Copy the gallery to a place where you may write."
    )
