"""Videos that grow under a temporary name: locked while they do, recovered when their process was killed."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from loguru import logger

try:
    import fcntl
except ImportError:  # Windows: nothing tells a killed process's file from a living one's, so none is touched
    fcntl = None  # type: ignore[assignment]

_RANDOM = re.compile(r"[a-z0-9_]{8}")  # as tempfile names files


class PartialFile:
    """A new temporary file beside ``path``, locked until ``close``; the system releases the lock of a killed process.

    Raises:
        OSError: It cannot be made.
    """

    def __init__(self, path: Path) -> None:
        while True:
            self._descriptor, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=".part", dir=path.parent)
            self.path = Path(name)
            if _lock(self._descriptor) is not False and self.path.exists():
                return
            self.close()  # another process took it for a killed one's before it was locked

    def publish(self, path: Path) -> None:
        """Give the file its name; readable for all.

        Raises:
            OSError: It cannot be renamed.
        """
        self.path.chmod(0o644)
        self.path.replace(path)

    def close(self) -> None:
        """Unlock, and remove the file if it was not published."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            os.close(self._descriptor)


def recover(path: Path, *, count_frames: Callable[[Path], int]) -> list[Path]:
    """Name what killed runs left of a video, ``out-recovered-1.mp4`` of ``out.mp4``; remove what holds nothing.

    Files that a living process writes are left alone.

    Args:
        path: The video that they were to become.
        count_frames: How many frames of a file can be played.

    Returns:
        The recovered files.
    """
    found = []
    for left in _left(path):
        try:
            descriptor = os.open(left, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            if not _lock(descriptor):
                continue
            if not count_frames(left):
                left.unlink()
                continue
            left.chmod(0o644)
            found.append(_rename(left, path))
            logger.warning("video: an earlier run was killed; what it had written is {}", found[-1])
        except OSError as error:
            logger.warning("video: {} of an earlier run cannot be recovered: {}", left, error.strerror)
        finally:
            os.close(descriptor)
    return found


def _left(path: Path) -> Iterator[Path]:
    prefix, suffix = f".{path.stem}.", ".part"
    if fcntl is None:
        return
    with contextlib.suppress(OSError):
        for each in sorted(path.parent.iterdir()):
            middle = each.name.removeprefix(prefix).removesuffix(suffix)
            if each.name == f"{prefix}{middle}{suffix}" and _RANDOM.fullmatch(middle) and each.is_file():
                yield each


def _rename(left: Path, path: Path) -> Path:
    """Rename without replacing anything."""
    number = 1
    while True:
        target = path.with_name(f"{path.stem}-recovered-{number}{path.suffix}")
        try:
            os.link(left, target)
        except FileExistsError:
            number += 1
            continue
        except OSError:  # a file system without links
            if target.exists():
                number += 1
                continue
            left.rename(target)
            return target
        left.unlink()
        return target


def _lock(descriptor: int) -> bool | None:
    """Whether this process has the file now; ``None`` where the system has no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # as on some network file systems
        return None
    return True
