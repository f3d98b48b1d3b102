"""Find the videos of an archive, and know them again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from recognizer.errors import SourceError, UsageError
from recognizer.gallery.folder import is_nobodys
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


def find_videos(
    places: Sequence[Path], *, on_unreadable: Callable[[str], None] = lambda message: None
) -> list[ArchiveFile]:
    """Return the videos of folders and the files that are named, each once, sorted by path.

    Args:
        places: folders and files.
        on_unreadable: called with a message for each folder that cannot be listed, whose videos are missing, and for
            each video whose name no database takes.

    Raises:
        SourceError: if a place may not be read.
        UsageError: if a place does not exist.
    """
    found: dict[Path, ArchiveFile] = {}
    for place in places:
        _require(place)
        root = Path(os.path.abspath(place))  # as Path.absolute, which keeps ".."
        paths = _walk(root, on_unreadable) if root.is_dir() else [root]
        for path in paths:
            if not _is_text(path):
                on_unreadable(f"{path}: the name holds bytes that are not UTF-8; rename it")
                continue
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


def is_gone(path: str) -> bool:
    """Whether there is no such file; one that may not be read, or whose disk fails, is not gone."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        pass
    return False


def _is_text(path: Path) -> bool:
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _require(place: Path) -> None:
    try:
        place.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"{place}: wanted a video or a folder of videos, there is no such file.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"{place}: wanted a video or a folder of videos, it cannot be read: {reason}.") from None


def _walk(root: Path, on_unreadable: Callable[[str], None]) -> Iterator[Path]:
    """Yield the videos below a folder; hidden files and folders are nobody's recordings, links are not followed."""

    def failed(error: OSError) -> None:
        on_unreadable(f"{error.filename}: this folder cannot be listed ({error.strerror}); check its permissions")

    for folder, below, files in os.walk(root, onerror=failed):
        below[:] = sorted(name for name in below if not (name.startswith(".") or is_nobodys(name)))
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in VIDEO_SUFFIXES:
                path = Path(folder, name)
                if not path.is_symlink():
                    yield path
