"""Changes of gallery and history together: announced before photos are touched, finished or taken back after a kill.

The announcement stands in the history and goes in the transaction that records the action, so it is there exactly as
long as photos may have changed without one. Whoever changes both holds a lock on the gallery's folder, which ends with
the process; an announcement without that lock is of a process that was killed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from loguru import logger

from recognizer.app.config import Settings
from recognizer.app.history import read_history
from recognizer.app.restore_photos import restore_photos
from recognizer.errors import GalleryBusyError, HistoryError, RecognizerError
from recognizer.gallery.lock import people_lock
from recognizer.history import actions, announcements
from recognizer.history.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a process is about to change; files are ``folder/file``."""

    gallery: str
    identity: int
    """Inode of the gallery's folder: machines that share a history may have galleries of one path."""
    what: str
    """In words."""
    moved: dict[str, str]
    """Files that go elsewhere, with their digests."""
    folder: str
    """Folder into which files come."""
    there: list[str]
    """Files that were in it before."""
    added: list[str]
    """Digests of files that come into it from outside the gallery."""
    undone: int | None = None
    """Action that is being undone; what it changed is restored to the end."""


@contextmanager
def announced(
    history: Database, gallery: Path, what: str, *, moved: Path | None = None, to: Path, added: Iterable[bytes] = ()
) -> Iterator[str]:
    """Announce that photos change; after an exception, and after a kill at the next start, they are as before.

    Args:
        history: in which the action is recorded.
        gallery: an existing folder.
        what: in words, for the log.
        moved: folder whose files are moved.
        to: folder into which files come, which may not exist yet.
        added: contents of files that are added.

    Yields:
        What ``actions.record`` needs as ``announced``.

    Raises:
        GalleryBusyError: if another process changes both.
        HistoryError: if the history cannot be written; nothing is changed then.
    """
    with people_lock(gallery):
        _finish(history, gallery)
        plan = _plan(
            gallery,
            what,
            moved={} if moved is None else _digests(gallery, [moved]),
            folder=to.name,
            there=sorted(_digests(gallery, [to])),
            added=[hashlib.sha256(data).hexdigest() for data in added],
        )
        token = announcements.add(history, asdict(plan))
        try:
            yield token
        except BaseException:
            _take_back(gallery, plan)
            with suppress(RecognizerError):  # else it is done again at the next start
                announcements.remove(history, token)
            raise


@contextmanager
def announced_undo(history: Database, gallery: Path, action: int) -> Iterator[str]:
    """Announce that an action is undone; after a kill, it is undone to the end at the next start.

    Raises:
        GalleryBusyError: if another process changes gallery and history.
        HistoryError: if the history cannot be written; nothing is changed then.
    """
    with people_lock(gallery):
        _finish(history, gallery)
        plan = _plan(gallery, f"undo of action {action}", moved={}, folder="", there=[], added=[], undone=action)
        token = announcements.add(history, asdict(plan))
        try:
            yield token
        except BaseException:
            with suppress(RecognizerError):
                announcements.remove(history, token)
            raise


def recover(settings: Settings) -> None:
    """Finish or take back what a killed process left; logged, never raised: a run begins also without."""
    gallery = settings.gallery.folder
    if not settings.has_history or not gallery.is_dir():
        return
    try:
        with closing(read_history(settings)) as history:
            finish(history, gallery)
    except GalleryBusyError:  # the process is alive
        return
    except RecognizerError as error:
        logger.debug("what was left unfinished is looked for later: {}", error)


def finish(history: Database, gallery: Path) -> dict[int, str]:
    """Finish or take back what killed processes left; returns the actions whose undo is finished, in words.

    Raises:
        GalleryBusyError: if a process that changes gallery and history is alive.
        HistoryError: if the history cannot be read or written.
    """
    if not announcements.read(history):
        return {}
    with people_lock(gallery):
        return _finish(history, gallery)


def _finish(history: Database, gallery: Path) -> dict[int, str]:
    undone: dict[int, str] = {}
    for token, values in announcements.read(history).items():
        try:
            plan = Plan(**values)
        except TypeError:  # of another version
            continue
        if (plan.gallery, plan.identity) != (str(gallery.resolve()), gallery.stat().st_ino):
            continue
        if plan.undone is None:
            _take_back(gallery, plan)
            announcements.remove(history, token)
            logger.warning("The {} was interrupted; the photos are as before. Do it again.", plan.what)
        elif what := _finish_undo(history, gallery, plan.undone, token):
            undone[plan.undone] = what
    return undone


def _finish_undo(history: Database, gallery: Path, action: int, token: str) -> str | None:
    try:
        restore_photos(gallery, actions.outside_changes(history, action), action)
        what = actions.undo(history, action, outside=True, announced=token)
        logger.warning("The undo of action {} was interrupted; it is done now.", action)
        return what
    except HistoryError as error:
        announcements.remove(history, token)
        logger.warning("The undo of action {} was interrupted and cannot be finished: {}", action, error)
        return None


def _take_back(gallery: Path, plan: Plan) -> None:
    """Move files back, and delete those that were added; what anybody else put there stays."""
    target = gallery / plan.folder
    lacking: dict[str, list[Path]] = {}  # a person may have a photo twice
    for file, digest in plan.moved.items():
        if not (gallery / file).exists():
            lacking.setdefault(digest, []).append(gallery / file)
    came = {file: digest for file, digest in _digests(gallery, [target]).items() if file not in plan.there}
    for file, digest in came.items():
        path = gallery / file
        with suppress(OSError):
            if lacking.get(digest):
                home = lacking[digest].pop()
                home.parent.mkdir(exist_ok=True)
                os.rename(path, home)
            elif digest in plan.added or (path.name.startswith(".") and path.name.endswith(".part")):
                path.unlink()
    if not plan.there:
        with suppress(OSError):
            target.rmdir()


def _plan(gallery: Path, what: str, **values: Any) -> Plan:
    return Plan(gallery=str(gallery.resolve()), identity=gallery.stat().st_ino, what=what, **values)


def _digests(gallery: Path, folders: Sequence[Path]) -> dict[str, str]:
    return {
        f"{folder.name}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        if folder.is_dir()
        for path in sorted(folder.iterdir())
        if path.is_file() and not path.is_symlink()
    }
