"""Restore the photos that an action of the history changed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from recognizer.errors import HistoryError
from recognizer.gallery.folder import RECORD_FOLDER
from recognizer.history.actions import Change


def restore_photos(gallery: Path, changes: Sequence[Change], action_id: int) -> None:
    """Delete photos that an action added, and move back those that it moved; those that are restored stay.

    Args:
        gallery: the folder of photos.
        changes: of the action, in the gallery.
        action_id: for messages.

    Raises:
        HistoryError: if a photo was changed since, or cannot be restored.
    """
    added = {change.column: str(change.after) for change in changes if change.after is not None}
    taken: dict[str, list[str]] = {}  # a person may have a photo twice
    for change in changes:
        if change.before is not None:
            taken.setdefault(str(change.before), []).append(change.column)
    present = {}
    for file, digest in added.items():
        path = _inside(gallery, file)
        if not path.is_file():
            continue  # deleted since, perhaps by an undo that was interrupted
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise HistoryError(f"Action {action_id} cannot be undone: the photo {file} was changed since.")
        present[file] = path
    homes: dict[str, str] = {}
    for file in present:
        if places := taken.get(added[file]):
            free = next((place for place in places if not _inside(gallery, place).exists()), None)
            if free is None:
                raise HistoryError(f"Action {action_id} cannot be undone: there is another photo {places[0]} now.")
            places.remove(free)
            homes[file] = free
    try:
        for file, path in present.items():
            home = homes.get(file)
            if home is None:
                path.unlink()
            else:
                _inside(gallery, home).parent.mkdir(exist_ok=True)
                path.rename(_inside(gallery, home))
            with suppress(OSError):
                path.parent.rmdir()
    except OSError as error:
        raise HistoryError(f"The photos of action {action_id} cannot be restored: {error}.") from error


def _inside(gallery: Path, file: str) -> Path:
    """Return the path of ``folder/file``; a history that somebody altered must not lead out of the gallery."""
    parts = file.split("/")
    if len(parts) != 2 or any(part in {"", ".", "..", RECORD_FOLDER} for part in parts):
        raise HistoryError(f"The history names a photo that cannot be one: {file!r}.")
    return gallery / parts[0] / parts[1]
