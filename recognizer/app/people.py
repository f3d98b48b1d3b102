"""Make one person of two, give a person another name, or delete them: in the gallery and in the history."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recognizer.app.config import Settings
from recognizer.app.history import read_history
from recognizer.app.undelivered import forget_undelivered
from recognizer.app.unfinished import announced
from recognizer.errors import HistoryError, RecognizerError
from recognizer.gallery import upkeep
from recognizer.gallery.consent import Consents
from recognizer.gallery.enrol import Enroller
from recognizer.gallery.folder import folder_of, require_gallery
from recognizer.gallery.names import person_name
from recognizer.history import naming
from recognizer.history.actions import Change
from recognizer.history.backup_list import list_copies
from recognizer.history.database import Database
from recognizer.history.refusals import NotThereError
from recognizer.history.retention import forget_person


def merge_people(
    settings: Settings, history: Database, into: str, other: str, *, enroller: Callable[[], Enroller]
) -> int:
    """Move the photos and the tracks of one person to another one; returns the action's id.

    Args:
        settings: which gallery.
        history: the history.
        into: the name that stays.
        other: the name that goes.
        enroller: makes what enrols the photos; called only where photos are moved.

    Raises:
        GalleryBusyError: if another process is changing the gallery.
        GalleryError: if the consent of one of them has ended, was withdrawn or cannot be read.
        HistoryError: if neither gallery nor history knows ``other`` or ``into``; nothing is changed then.
    """
    if into == other:
        raise HistoryError(f"{into} cannot be merged with themselves.")
    folder = settings.gallery.folder
    people = upkeep.everybody(folder) if folder.is_dir() else {}
    for name in (into, other):
        if name not in people and not naming.count_mentions(history, name):
            raise HistoryError(f"Neither the gallery {folder} nor the history knows {name}.")
    for name in (into, other):
        Consents(folder).require(name)
    if other not in people:
        return naming.relabel(history, other, into, kind="merge-people")
    target = folder_of(folder, into) if into in people else folder / into
    with announced(
        history, folder, f"merge of {other} into {into}", moved=folder_of(folder, other), to=target
    ) as token:
        moves = upkeep.merge(folder, into, other) if into in people else _renamed(folder, other, into)
        return _record(history, other, into, "merge-people", folder, moves, enroller, token)


def rename_person(
    settings: Settings, history: Database, old: str, new: str, *, enroller: Callable[[], Enroller]
) -> int:
    """Give a person of the gallery another name there and in the history; returns the action's id.

    Raises:
        GalleryBusyError: if another process is changing the gallery.
        GalleryError: if nobody is called ``old``, or ``new`` is no name or is taken.
        HistoryError: if the history cannot be written; nothing is changed then.
    """
    folder = require_gallery(settings.gallery.folder)
    what, before = f"renaming of {old} to {new}", folder_of(folder, old)
    with announced(history, folder, what, moved=before, to=folder / person_name(new)) as token:
        moves = _renamed(folder, old, new)
        return _record(history, old, new, "rename", folder, moves, enroller, token)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What became of a person's past."""

    tracks: int
    """Deleted tracks."""
    backups: tuple[Mapping[str, Any], ...]
    """Backups and exports of the history that may hold the person still: kind, path, at, found."""
    undelivered: tuple[Path, ...] = ()
    """Files of events for other systems that a run uses, which takes the name out by itself."""


def remove_everywhere(settings: Settings, name: str, *, reload: Callable[[], None] = lambda: None) -> Forgotten:
    """Delete a person and everything that the history holds of them.

    The history comes first, so that a kill in between leaves a person who can be deleted again; and once more in the
    end, for what was seen meanwhile.

    Args:
        settings: of gallery and history.
        name: the person.
        reload: lets a run that is on read the gallery again.

    Raises:
        GalleryBusyError: if another process is changing the gallery.
        GalleryError: if nobody has that name, or the photos cannot be deleted.
        HistoryError: if the history cannot be written.
    """
    deleted = 0
    with closing(read_history(settings)) as history:
        backups = tuple(list_copies(history))
        with suppress(NotThereError):
            deleted += forget_person(history, name)
        upkeep.remove(settings.gallery.folder, name)
        reload()
        with suppress(NotThereError):
            deleted += forget_person(history, name)
    return Forgotten(deleted, backups, forget_undelivered(settings, name))


def _renamed(folder: Path, old: str, new: str) -> list[tuple[str, str]]:
    before = folder_of(folder, old)
    files = sorted(path.name for path in before.iterdir() if path.is_file()) if before.is_dir() else []
    name = upkeep.rename(folder, old, new)
    return [(f"{before.name}/{file}", f"{folder_of(folder, name).name}/{file}") for file in files]


def _record(
    history: Database,
    old: str,
    new: str,
    kind: str,
    folder: Path,
    moves: Sequence[tuple[str, str]],
    enroller: Callable[[], Enroller],
    token: str,
) -> int:
    """Enrol what was moved and record the action; the files are moved back if that fails."""
    try:
        if moves:
            enroller().enrol(folder)
        photos = [change for before, after in moves for change in _moved(folder, before, after)]
        return naming.relabel(history, old, new, kind=kind, photos=photos, announced=token)
    except BaseException:
        upkeep.put_back([(folder / before, folder / after) for before, after in moves])
        if moves:
            with suppress(RecognizerError):
                enroller().enrol(folder)
        raise


def _moved(folder: Path, before: str, after: str) -> tuple[Change, Change]:
    digest = hashlib.sha256((folder / after).read_bytes()).hexdigest()
    return Change("gallery", 0, before, digest, None), Change("gallery", 0, after, None, digest)
