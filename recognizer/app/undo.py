"""Undo an action of the history together with what it changed in the gallery."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from recognizer.errors import HistoryError
from recognizer.gallery.enrol import Enroller
from recognizer.gallery.folder import RECORD_FOLDER
from recognizer.history import actions
from recognizer.history.actions import Change
from recognizer.history.database import Database


def undo_action(history: Database, action_id: int, *, gallery: Path, enroller: Callable[[], Enroller]) -> str:
    """Restore what an action changed, photos too; returns the action in words.

    Photos that the action added are deleted, photos that it moved are moved back. A kill in between leaves an action
    that is not undone yet, and can be.

    Args:
        history: with the action.
        action_id: of ``history actions``.
        gallery: the folder of photos.
        enroller: makes what enrols the photos that are left; called only where photos changed.

    Raises:
        HistoryError: if the action cannot be undone, or a photo was changed since; nothing is changed then.
        GalleryBusyError: if another process is changing the gallery.
    """
    changes = actions.outside_changes(history, action_id)
    if changes:
        _restore(gallery, changes, action_id)
        enroller().enrol(gallery)
    return actions.undo(history, action_id, outside=True)


def _restore(gallery: Path, changes: Sequence[Change], action_id: int) -> None:
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
