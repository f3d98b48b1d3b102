"""One writer at a time, across processes.

The lock is an exclusive transaction on an SQLite file of its own: the system releases it when the process ends, however
it ends, on every platform. It is not taken on the record itself, so readers of the record never wait for it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from recognizer.errors import GalleryBusyError, GalleryError

_LOCK_FILE = "writer.lock"
_HOLDER_FILE = "writer.txt"


class WriterLock:
    """Holds the right to change one gallery while the ``with`` block runs."""

    def __init__(self, record_folder: Path, *, purpose: str) -> None:
        self._folder = record_folder
        self._purpose = purpose
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        """Take it, without waiting.

        Raises:
            GalleryBusyError: if another process, or another part of this one, holds it.
            GalleryError: if the lock file cannot be written.
        """
        path = self._folder / _LOCK_FILE
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            connection = sqlite3.connect(path, timeout=0, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise no_permission(self._folder.parent, error) from error
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            connection.close()
            if "locked" in str(error):
                raise GalleryBusyError(
                    f"The gallery {self._folder.parent} is being changed by {self._holder()}. "
                    "Wait until it is done, then try again."
                ) from error
            raise GalleryError(f"The lock {path} cannot be taken: {error}.") from error
        except sqlite3.DatabaseError as error:
            connection.close()
            raise GalleryError(f"The lock {path} is damaged ({error}); delete that file and try again.") from error
        self._connection = connection
        note = f"process {os.getpid()} on {socket.gethostname()} ({self._purpose}, since {datetime.now():%H:%M:%S})"
        with contextlib.suppress(OSError):  # only a courtesy to the one who waits
            (self._folder / _HOLDER_FILE).write_text(note, encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give it back."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                (self._folder / _HOLDER_FILE).unlink(missing_ok=True)
            self._connection.close()
            self._connection = None

    def _holder(self) -> str:
        try:
            return (self._folder / _HOLDER_FILE).read_text(encoding="utf-8").strip() or "another process"
        except (OSError, UnicodeDecodeError):
            return "another process"


def no_permission(gallery: Path, error: Exception) -> GalleryError:
    """The error for a gallery that cannot be written."""
    reason = getattr(error, "strerror", None) or str(error)
    return GalleryError(
        f"No permission to write in the gallery {gallery} ({reason}); its record stands in .recognizer/ inside it. "
        "Copy the gallery to a place where you may write."
    )
