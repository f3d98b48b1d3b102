"""Files that commands write in one go."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from recognizer.emit.places import require_place, unwritable
from recognizer.errors import UsageError
from recognizer.whole_files import PRIVATE, whole_file

JPEG = (".jpg", ".jpeg")


def require_suffix(path: Path, suffixes: tuple[str, ...], *, option: str) -> str:
    """Return the file's ending in lower case.

    Raises:
        UsageError: if it is none of ``suffixes``.
    """
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        raise UsageError(f"{option}: wanted a file that ends with {' or '.join(suffixes)}, got {path}.")
    return suffix


def save(path: Path, data: bytes, *, wanted: str, private: bool = False) -> None:
    """Write a file; its folder is made.

    Args:
        path: the file.
        data: its bytes.
        wanted: what it is, as messages say it: "the report".
        private: readable to its owner only, where it is new.

    Raises:
        OutputError: if it cannot be written.
    """
    require_place(path, wanted=wanted, beside=False)
    mode = 0o600 if private else 0o666
    try:
        with open(path, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(data)
    except OSError as error:
        raise unwritable(path, wanted, error) from error


@contextmanager
def replacing(path: Path, *, wanted: str) -> Iterator[IO[bytes]]:
    """Yield a file that takes its name when it is whole; readable to its owner only. Its folder is made.

    Args:
        path: the file, replaced if it exists.
        wanted: as ``save``.

    Raises:
        OutputError: if it cannot be written.
    """
    require_place(path, wanted=wanted)
    try:
        with whole_file(path, mode=PRIVATE) as part, part.open("wb") as file:
            yield file
    except OSError as error:
        raise unwritable(path, wanted, error) from error
