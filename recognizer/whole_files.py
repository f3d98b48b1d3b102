"""Write a file whole or not at all: neither a reader nor a machine that lost its power finds half of it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PRIVATE = 0o600
"""Mode of files that only their owner may read."""
_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY
_BY_UMASK = 0o666


@contextmanager
def whole_file(path: Path, *, mode: int | None = None) -> Iterator[Path]:
    """Yield the path of a new empty file that takes the place of ``path`` when the block ends.

    The new file stands in the same folder, hidden, and has the same ending. It is on the disk before it is renamed.
    After an error it is removed, and ``path`` is as it was.

    Args:
        path: the file to make or to replace; its folder must be there.
        mode: permissions of the file; by default those that the process gives to new files.

    Raises:
        OSError: if the file cannot be written.
    """
    part = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.part{path.suffix}")
    os.close(os.open(part, _NEW, _BY_UMASK if mode is None else PRIVATE))
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        if mode is not None:
            part.chmod(mode)
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
