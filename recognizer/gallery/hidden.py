"""People who are hidden: recognised as before, but not listed unless somebody requests them, as in Immich.

The mark is an empty file in the person's folder. It goes with the folder through copies, renamings and a record that is
built again, and ends with the person.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from recognizer.errors import GalleryError
from recognizer.gallery.folder import HIDDEN_FILE, folder_of


def is_hidden(folder: Path, name: str) -> bool:
    """Whether a person of a gallery is hidden."""
    return (folder_of(folder, name) / HIDDEN_FILE).is_file()


def hidden_people(folder: Path, names: Iterable[str]) -> frozenset[str]:
    """Return those of the people who are hidden."""
    return frozenset(name for name in names if is_hidden(folder, name))


def set_hidden(folder: Path, name: str, hidden: bool) -> None:
    """Hide a person of a gallery, or list them again.

    Raises:
        GalleryError: if the mark cannot be written or deleted.
    """
    mark = folder_of(folder, name) / HIDDEN_FILE
    try:
        if hidden:
            mark.parent.mkdir(exist_ok=True)
            mark.touch(mode=0o600)
        else:
            mark.unlink(missing_ok=True)
    except OSError as error:
        raise GalleryError(f"The mark {mark} cannot be changed: {error.strerror}.") from error
