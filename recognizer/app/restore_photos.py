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
    taken = {str(change.before): change.column for change in changes if change.before is not None}
    present = {}
    for file, digest in added.items():
        path = _inside(gallery, file)
        if not path.is_file():
            continue  # deleted since, perhaps by an undo that was interrupted
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise HistoryError(f"Action {action_id} cannot be undone: the photo {file} was changed since.")
        present[file] = path
    for file in present:
        home = taken.get(added[file])
        if home is not None and _inside(gallery, home).exists():
            raise HistoryError(f"Action {action_id} cannot be undone: there is another photo {home} now.")
    try:
        for file, path in present.items():
            home = taken.get(added[file])
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
