"""Notice files that every user of the machine may change, and that decide who is recognised."""

from __future__ import annotations

import shlex
import stat
from pathlib import Path

from loguru import logger

_warned: set[Path] = set()


def warn_if_world_writable(folder: Path, *files: Path, what: str) -> None:
    """Log a warning, once a process for each folder, if everybody may write in it or to one of the files.

    Args:
        folder: what is named in the warning.
        files: inside it; those that are missing are ignored.
        what: what the folder holds, as the sentence begins.
    """
    if folder not in _warned and any(_is_open(path) for path in (folder, *files)):
        _warned.add(folder)
        logger.warning(
            "{} {} can be changed by every user of this machine, and so can who is recognised. To close it: "
            "chmod -R o-w {}",
            what,
            folder,
            shlex.quote(str(folder)),
        )


def _is_open(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    return bool(mode & stat.S_IWOTH) and not stat.S_ISLNK(mode)
