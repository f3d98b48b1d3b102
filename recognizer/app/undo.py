"""Undo an action of the history together with what it changed in the gallery."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from recognizer.app.restore_photos import restore_photos
from recognizer.app.unfinished import announced_undo, finish
from recognizer.gallery.enrol import Enroller
from recognizer.gallery.folder import make_gallery
from recognizer.history import actions
from recognizer.history.database import Database


def undo_action(history: Database, action_id: int, *, gallery: Path, enroller: Callable[[], Enroller]) -> str:
    """Restore what an action changed, photos too; returns the action in words.

    Photos that the action added are deleted, photos that it moved are moved back. What a kill interrupts is finished at
    the next start.

    Args:
        history: with the action.
        action_id: of ``history actions``.
        gallery: the folder of photos.
        enroller: makes what enrols the photos that are left; called only where photos changed.

    Raises:
        HistoryError: if the action cannot be undone, or a photo was changed since; nothing is changed then.
        GalleryBusyError: if another process is changing the gallery.
    """
    finished = finish(history, gallery) if gallery.is_dir() else {}
    if action_id in finished:
        return finished[action_id]
    if not actions.outside_changes(history, action_id):
        return actions.undo(history, action_id, outside=True)
    make_gallery(gallery)
    with announced_undo(history, gallery, action_id) as token:
        restore_photos(gallery, actions.outside_changes(history, action_id), action_id)
        enroller().enrol(gallery)
        return actions.undo(history, action_id, outside=True, announced=token)
