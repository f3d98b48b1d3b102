"""Find the videos of an archive, and know them again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from recognizer.errors import UsageError
from recognizer.history.archive import FileState

VIDEO_SUFFIXES = frozenset(
    f".{kind}"
    for kind in (
        *("mp4", "m4v", "mov", "mkv", "webm", "avi", "ts", "mts", "m2ts", "mpg", "mpeg", "flv", "wmv", "3gp"),
        *("h264", "h265", "hevc", "dav"),
    )
)
"""Endings of the files that are taken from folders; a file that is named is always taken."""
_DIGESTED_BYTES = 65_536
"""Of the beginning and of the end, each: recordings differ there, as they hold times."""


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """A video to index."""

    path: Path
    """Absolute."""
    name: str
    """As its source is called in the history: the archive's folder, and the path in it."""


def find_videos(places: Sequence[Path]) -> list[ArchiveFile]:
    """Return the videos of folders and the files that are named, each once, sorted by path.

    Raises:
        UsageError: if a place does not exist.
    """
    found: dict[Path, ArchiveFile] = {}
    for place in places:
        if not place.exists():
            raise UsageError(f"{place}: wanted a video or a folder of videos, there is no such file.")
        root = Path(os.path.abspath(place))  # as Path.absolute, which keeps ".."
        paths = _walk(root) if root.is_dir() else [root]
        for path in paths:
            found.setdefault(path, ArchiveFile(path, path.relative_to(root.parent).as_posix()))
    return [found[path] for path in sorted(found)]


def state_of(path: Path) -> FileState:
    """Return by what a file is known again.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        digest = hashlib.sha256(file.read(_DIGESTED_BYTES))
        file.seek(max(0, found.st_size - _DIGESTED_BYTES))
        digest.update(file.read(_DIGESTED_BYTES))
    return FileState(
        path=str(path), size=found.st_size, changed_us=found.st_mtime_ns // 1000, digest=digest.hexdigest()[:32]
    )


def _walk(root: Path) -> Iterator[Path]:
    """Yield the videos below a folder; hidden files and folders are nobody's recordings, links are not followed."""
    for folder, below, files in os.walk(root):
        below[:] = sorted(name for name in below if not name.startswith((".", "@", "#", "$")))
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in VIDEO_SUFFIXES:
                path = Path(folder, name)
                if not path.is_symlink():
                    yield path
