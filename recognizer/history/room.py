"""Say that a disk is full where SQLite only says "disk I/O error": it writes beside the file even to read it."""

from __future__ import annotations

import shutil
from pathlib import Path

_LITTLE = 1 << 16
"""Bytes; SQLite maps 32 KB beside the file."""


def why(file: Path | None, words: str) -> str:
    """Return the words of an error of a history's ``file``, and that its disk is full if it is."""
    try:
        is_full = file is not None and shutil.disk_usage(file.parent).free < _LITTLE
    except OSError:
        return words
    return f"{words}; its disk is full: make room, then do it again" if is_full else words
