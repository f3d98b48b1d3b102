"""A file, pipe or standard output that takes whole lines, follows its path and rotates."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

from recognizer.emit.places import require_place, unwritable
from recognizer.emit.rotation import Rotation


class LineFile:
    """Appends lines, each in one write. Its calls may block, so they belong on a thread that nothing waits for.

    Args:
        path: the file or FIFO; ``None`` for standard output.
        append: continue a file that exists; otherwise it is emptied.
        rotation: when the file is renamed and a new one begun.
        sync_every_s: seconds between two calls of ``fdatasync``; 0 after each line, ``None`` never.
        monotonic: clock of ages and intervals.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        append: bool,
        rotation: Rotation,
        sync_every_s: float | None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = "standard output" if path is None else str(path)
        """How messages name it."""
        self._path = path
        self._append = append
        self._rotation = rotation
        self._sync_every_s = sync_every_s
        self._monotonic = monotonic
        self._descriptor: int | None = None
        self._begun_at = monotonic()
        self._unsynced_since: float | None = None

    @property
    def is_standard_output(self) -> bool:
        """Whether the lines go to standard output, whose reader does not come back."""
        return self._path is None

    def open(self) -> None:
        """Open; a FIFO without a reader is opened at a later line.

        Raises:
            OutputError: if the file cannot be written.
        """
        if self._path is None:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                self._descriptor = os.dup(sys.stdout.fileno())
            return
        require_place(self._path, wanted="the event log", beside=False)
        try:
            self._descriptor = self._open(self._path, truncate=not self._append)
        except OSError as error:
            if error.errno != errno.ENXIO or not self._path.is_fifo():
                raise unwritable(self._path, "the event log", error) from error

    def close(self) -> None:
        """Close without waiting for the disk."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None

    def write(self, line: bytes) -> None:
        """Write one line, all of it or nothing.

        Raises:
            OSError: if the system does not take it.
            ValueError: if standard output is closed.
        """
        self._reopen_if_moved()
        self._rotate(len(line))
        self._put(line)
        if self._unsynced_since is None:
            self._unsynced_since = self._monotonic()

    def sync_due(self) -> bool:
        """Whether lines wait for ``fdatasync`` for longer than was asked."""
        since, every_s = self._unsynced_since, self._sync_every_s
        return since is not None and every_s is not None and self._monotonic() - since >= every_s

    def sync(self, *, now: bool = False) -> None:
        """Make the disk hold what was written, if that is due or wanted ``now``."""
        if self._sync_every_s is None or self._unsynced_since is None or self._descriptor is None:
            return
        if now or self.sync_due():
            with contextlib.suppress(OSError):  # a pipe has no disk
                os.fdatasync(self._descriptor)
            self._unsynced_since = None

    def _rotate(self, more: int) -> None:
        if self._path is None or self._descriptor is None:
            return
        size, age_s = os.fstat(self._descriptor).st_size, self._monotonic() - self._begun_at
        if self._rotation.due(size=size, more=more, age_s=age_s):
            self.sync(now=True)
            self._rotation.put_aside(self._path)
            self._reopen_if_moved()

    def _put(self, line: bytes) -> None:
        if self._descriptor is None:  # standard output is not a file here, as in some notebooks and tests
            sys.stdout.write(line.decode("utf-8", "replace"))
            sys.stdout.flush()
            return
        count = self._write(line)
        if count == len(line):
            return
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):  # a slow pipe takes the rest later
            while count < len(line):
                count += self._write(line[count:])
            return
        os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - count)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _write(self, data: bytes) -> int:
        if self._descriptor is None:
            raise ValueError(f"{self.name} is not open.")
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:  # another program made the pipe that it shares with us non-blocking
            select.select([], [self._descriptor], [])
            return 0
        except BrokenPipeError:
            if self._path is not None:  # a FIFO: another reader may come
                os.close(self._descriptor)
                self._descriptor = None
            raise

    def _reopen_if_moved(self) -> None:
        """Follow the path, not the file: log rotation moves it, someone may remove the folder."""
        if self._path is None:
            return
        if self._descriptor is not None:
            mine = os.fstat(self._descriptor)
            try:
                there = self._path.stat()
            except FileNotFoundError:
                there = None
            if there is not None and (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino):
                return
            os.close(self._descriptor)
            self._descriptor = None
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = self._open(self._path, truncate=False)

    def _open(self, path: Path, *, truncate: bool) -> int:
        if path.is_fifo():  # fails where there is no reader, instead of waiting for one
            descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            os.set_blocking(descriptor, True)
            return descriptor
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if truncate else 0)
        descriptor = os.open(path, flags, 0o644)
        self._begun_at = self._monotonic()
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":  # another program left half a line
            os.write(descriptor, b"\n")
        return descriptor
