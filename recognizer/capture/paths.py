"""Files and folders that a user names: ``file://`` addresses, and the pictures of a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from recognizer.capture.names import display_name
from recognizer.capture.pictures import PICTURE_SUFFIXES
from recognizer.errors import InputError
from recognizer.gallery.folder import is_nobodys

_FILE = re.compile(r"(?is)^file:(?:/{1,2}localhost(?=/))?(/.*)$")
"""Also with one slash: ``Path`` makes one of two."""
_ADDRESS = re.compile(r"(?is)^([a-z][a-z0-9+.-]+):/{1,2}(?!/)(.+)$")


def local_path(text: str | Path) -> Path:
    """Return the path that a text names, also as ``file://``, percent-encoded or not.

    ``#`` and ``?`` belong to the name. A file whose name really holds a percent sign comes first.
    """
    match = _FILE.match(str(text))
    if match is None:
        return Path(text)
    plain = Path(re.sub(r"^/+", "/", match[1]))
    try:
        if plain.exists():
            return plain
    except (OSError, ValueError):
        pass
    return Path(unquote(str(plain)))


def picture_path(text: str | Path) -> Path:
    """Return the path of a picture or a folder of pictures, as ``local_path``.

    Raises:
        InputError: It is an address of something that is not on this machine; the message holds no credentials.
    """
    path = local_path(text)
    match = _ADDRESS.match(str(path))
    if match and not os.path.exists(path):
        name = display_name(f"{match[1]}://{match[2]}")
        raise InputError(f"{name}: wanted a picture of this machine, got an address; download it, and pass the file.")
    return path


def pictures_below(folder: Path, *, on_unreadable: Callable[[str], None]) -> list[Path]:
    """List the pictures of a folder and all its sub-folders, sorted.

    Hidden files, and what systems and network storage leave in any folder, are ignored.

    Args:
        folder: Where.
        on_unreadable: Called with a message for each sub-folder that cannot be listed; its pictures are missing.
    """

    def failed(error: OSError) -> None:
        on_unreadable(f"{error.filename}: this folder cannot be listed ({error.strerror}); check its permissions.")

    found: list[Path] = []
    for place, folders, files in os.walk(folder, onerror=failed):
        folders[:] = [name for name in folders if not ignored(name)]
        found += [Path(place, name) for name in files if not ignored(name) and _is_picture(name)]
    return sorted(found)


def ignored(name: str) -> bool:
    """Whether a file or folder is hidden, a system's or a network storage's own."""
    return name.startswith(".") or is_nobodys(name)


def _is_picture(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in PICTURE_SUFFIXES
