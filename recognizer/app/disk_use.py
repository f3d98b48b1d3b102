"""How much room a folder takes."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def folder_bytes(folder: Path) -> int:
    """Return the size of all files in a folder and below it, bytes; files may come and go meanwhile.

    A missing folder takes no room; links are not followed.
    """
    total = 0
    for inside, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(inside, name)).st_size
    return total
