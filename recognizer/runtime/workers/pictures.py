"""Pictures through shared memory: a file without a name, so that nothing stays behind however a process ends."""

from __future__ import annotations

import mmap
import os
import tempfile
import threading
from typing import IO

import numpy as np

from recognizer.runtime.workers.messages import Place
from recognizer.types import U8

SLOTS = 6
"""Pictures on their way at once."""
_PAGE = mmap.ALLOCATIONGRANULARITY


def make_file() -> IO[bytes]:
    """Make the file, in memory where the system can."""
    if hasattr(os, "memfd_create"):  # Linux; a container's /dev/shm has room for 64 MB
        return os.fdopen(os.memfd_create("pictures", os.MFD_CLOEXEC), "w+b")
    return tempfile.TemporaryFile()


class PictureWriter:
    """The worker's side.

    Args:
        descriptor: of the file.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._changed = threading.Condition()
        self._free: list[int] = []
        self._slot_bytes = 0
        self._begin = 0
        self._first = 0
        """Number of the first slot of this size; slots of smaller pictures before are given up."""
        self._memory = memoryview(b"")

    def write(self, picture: U8, *, wait: bool) -> Place | None:
        """Copy a picture into a free slot.

        Args:
            picture: (H, W, 3) uint8 BGR.
            wait: until a slot is free; else return ``None`` where none is.
        """
        with self._changed:
            if picture.nbytes > self._slot_bytes:
                self._enlarge(picture.nbytes)
            while not self._free:
                if not wait:
                    return None
                self._changed.wait()
            slot = self._free.pop()
        offset = self._begin + (slot - self._first) * self._slot_bytes
        place = Place(slot, offset, (picture.shape[0], picture.shape[1], 3))
        np.frombuffer(self._memory, np.uint8, picture.nbytes, offset).reshape(picture.shape)[...] = picture
        return place

    def free(self, slot: int) -> None:
        """Take back a slot whose picture was read."""
        with self._changed:
            if slot >= self._first:
                self._free.append(slot)
            self._changed.notify_all()

    def abandon(self) -> None:
        """Let whoever waits go on: nobody reads any more."""
        with self._changed:
            self._free += range(self._first, self._first + SLOTS)
            self._changed.notify_all()

    def _enlarge(self, wanted: int) -> None:
        """Begin slots of another size behind the others."""
        self._begin += SLOTS * self._slot_bytes
        self._first += SLOTS
        self._slot_bytes = -(-wanted // _PAGE) * _PAGE
        os.ftruncate(self._descriptor, self._begin + SLOTS * self._slot_bytes)
        self._memory = memoryview(mmap.mmap(self._descriptor, 0))
        self._free = list(range(self._first, self._first + SLOTS))


class PictureReader:
    """The pool's side.

    Args:
        file: see ``make_file``.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._memory: mmap.mmap | None = None

    def read(self, place: Place) -> U8:
        """Copy a picture out: (H, W, 3) uint8 BGR."""
        size = int(np.prod(place.shape))
        if self._memory is None or len(self._memory) < place.offset + size:
            self._memory = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        return np.frombuffer(self._memory, np.uint8, size, place.offset).reshape(place.shape).copy()

    def close(self) -> None:
        """Close the file; pictures that were read stay."""
        self._memory = None
        self._file.close()
