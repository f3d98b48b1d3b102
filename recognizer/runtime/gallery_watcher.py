"""Reload the gallery while running: added people are recognised, removed people are no longer named.

All work is done on a thread of its own; the pipeline only ever gets an index that is ready. Whatever fails is tried
again until it is done: a watch that ended would leave the names of people who were deleted.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from loguru import logger
from watchfiles import Change, watch

from recognizer.capture.pictures import PICTURE_SUFFIXES
from recognizer.counting import counted
from recognizer.errors import GalleryError, RecognizerError
from recognizer.gallery.audit import stale
from recognizer.gallery.consent import Consents
from recognizer.gallery.enrol import Enroller
from recognizer.gallery.folder import RECORD_FOLDER, Content, Stamp, is_nobodys, scan
from recognizer.gallery.origin import Origin
from recognizer.gallery.pulled import PulledGallery, pulled_from
from recognizer.gallery.records import Enrolled
from recognizer.gallery.schema import RECORD_FILE
from recognizer.runtime.backlog import FIRST_PAUSE_S, LONGEST_PAUSE_S, Backlog

_QUIET_MS = 300
"""Changes are gathered until none came for so long: a copied folder is many changes."""
_TICK_MS = 500
_JOIN_S = 0.5
BEHIND_S = 5.0
"""A change that is not loaded for so long is reported."""


HELD_VECTORS = 50_000
"""Galleries with more vectors are not held twice in memory; a removal then reads the record again."""


class GalleryWatcher:
    """Watches the gallery's folder and record while open.

    Args:
        folder: The gallery.
        model: Fingerprint of the model in use.
        enroller: Makes what works on photos; called when photos change for the first time.
        replace: Takes each new state of the gallery; called from the watching thread.
        since: ``stamp_of_record`` from before the pipeline's people were read; what changed since then is given, too.
        consents: Says whose consent lets them be recognised; by default whatever is recorded.
        behind_s: A change that is not loaded for so long is reported.
    """

    def __init__(
        self,
        folder: Path,
        *,
        model: str,
        enroller: Callable[[], Enroller],
        replace: Callable[[Enrolled], None],
        since: Stamp | None,
        consents: Consents | None = None,
        behind_s: float = BEHIND_S,
    ) -> None:
        self._folder = folder.resolve()
        self._model = model
        self._make_enroller = enroller
        self._enroller: Enroller | None = None
        self._replace = replace
        self._consents = consents or Consents(folder)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._digest = b""
        self._reported_names: frozenset[str] = frozenset()
        """Who the pipeline knows."""
        self._held: Enrolled | None = None
        """What the pipeline knows; ``None`` for large galleries, whose vectors are not kept twice."""
        self._with_folder: frozenset[str] = frozenset()
        """Who had a folder at some time: without one now, they were removed."""
        self._known: dict[tuple[str, str], Content | None] | None = None
        """What the record said of each photo when it was opened; ``None`` once the first watch has begun."""
        self._since = since
        self._record_stamp: Stamp | None = None
        self._origin: Origin | None = None
        self._backlog = Backlog(behind_s)
        self._reload_requested = threading.Event()

    def reload(self) -> None:
        """Load the gallery soon, even if its people and vectors are the same: rejections may have changed."""
        self._reload_requested.set()

    def __enter__(self) -> Self:
        """Start watching.

        Raises:
            GalleryError: if the gallery or its record cannot be read.
        """
        with PulledGallery(self._folder) as gallery:
            self._origin = gallery.origin
            self._record_stamp = stamp_of_record(self._folder)
            self._known = {(photo.person, photo.file): photo.content for photo in gallery.photos()}
            enrolled = self._consents.permitted(gallery.enrolled())
        self._present()
        # what the pipeline knows was read earlier: people may have come meanwhile, or a consent ended
        is_same = self._record_stamp == self._since == stamp_of_record(self._folder)
        is_sure = is_same and not self._consents.withheld and not self._consents.has_ends
        self._keep(enrolled, _digest(enrolled) if is_sure else b"")
        if not is_sure:
            self._backlog.add(photos=False)
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="gallery", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching; an enrolment that is under way is left to its transaction."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_JOIN_S)

    def _run(self) -> None:
        """Watch; begin again, after a pause, whenever the watch ends or fails."""
        pause_s = FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            self._backlog.attempt(self._watch)
            if time.monotonic() - began > LONGEST_PAUSE_S:
                pause_s = FIRST_PAUSE_S
            if self._stop.wait(pause_s):
                return
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            self._backlog.add(photos=True)  # what changed meanwhile was not seen
            self._backlog.work_off(self._follow)

    def _watch(self) -> None:
        """Follow the changes, until stopped or until another folder replaces the gallery's."""
        watched, is_first = _identity(self._folder), True
        if watched is None:  # the folder is gone: nothing to watch, but its people must be forgotten
            return
        for changes in watch(
            self._folder,
            watch_filter=self._matters,
            debounce=_QUIET_MS,
            step=100,
            rust_timeout=_TICK_MS,
            yield_on_timeout=True,
            stop_event=self._stop,
            raise_interrupt=False,
            ignore_permission_denied=True,
        ):
            if changes:
                self._backlog.add(photos=any(RECORD_FOLDER not in Path(path).parts for _, path in changes))
            if self._reload_requested.is_set():
                self._reload_requested.clear()
                self._digest = b""
                self._backlog.add(photos=True)
            if is_first:
                self._backlog.attempt(self._note_missed)
                is_first = False
            if self._consents.is_due():
                self._backlog.add(photos=False)
            self._backlog.work_off(self._follow)
            if _identity(self._folder) != watched:
                return

    def _note_missed(self) -> None:
        """Note what changed between the reading of the record and the beginning of the watch."""
        known, self._known = self._known, None
        try:
            changed = known is None or any(stale(self._folder, known, suffixes=PICTURE_SUFFIXES))
        except RecognizerError:  # the folder went away just now
            changed = True
        if changed:
            self._backlog.add(photos=True)
        elif self._record_stamp != stamp_of_record(self._folder):
            self._backlog.add(photos=False)

    def _matters(self, change: Change, path: str) -> bool:
        parts = Path(path).relative_to(self._folder).parts
        if RECORD_FOLDER in parts:
            return parts[-1] == RECORD_FILE
        return not any(part.startswith(".") or is_nobodys(part) for part in parts)

    def _follow(self, photos: bool) -> None:
        self._forget()  # first of all
        if photos:
            self._enrol()
        self._reload(self._enrolled())

    def _enrol(self) -> None:
        if pulled_from(self._folder) is not None:  # a service enrols for this machine; there are no photos
            return
        try:
            if self._enroller is None:
                self._enroller = self._make_enroller()
            report = self._enroller.enrol(self._folder, on_photo=self._before_photo)
        except RecognizerError:
            self._reload(self._enrolled())  # what another process enrolled counts
            raise
        for photo in report.photos:
            if photo.processed and not photo.accepted:
                reasons = "; ".join(note.text for note in photo.notes)
                logger.warning("refused {}/{}: {}", photo.person, photo.file, reasons)

    def _before_photo(self, done: int, total: int, name: str) -> None:
        """Heed removals during a long enrolment, which only knows the folders that it began with."""
        self._forget()
        self._backlog.report()

    def _forget(self) -> None:
        """Withdraw whoever was removed; neither a photo nor a record is needed for that."""
        removed = self._with_folder - self._present()
        if self._reported_names & removed:
            held = self._held
            if held is None:
                try:
                    held = self._enrolled()
                except GalleryError as error:
                    logger.warning("gallery: people were removed and nobody is recognised until it is read: {}", error)
                    held = Enrolled((), (), np.zeros((0, 0), np.float32), self._model, str(self._folder))
            self._reload(held)

    def _present(self) -> frozenset[str]:
        """Who has a folder; nobody where the whole gallery was deleted."""
        if not os.path.lexists(self._folder):
            return frozenset()
        present = frozenset(scan(self._folder, suffixes=PICTURE_SUFFIXES).people)
        self._with_folder |= present
        return present

    def _enrolled(self) -> Enrolled:
        with PulledGallery(self._folder) as gallery:
            origin, enrolled = gallery.origin, gallery.enrolled()
        if origin != self._origin:  # thresholds and rejections may have come with it
            self._origin, self._digest = origin, b""
        return enrolled

    def _reload(self, enrolled: Enrolled) -> None:
        """Give these people to the pipeline, without those who were removed."""
        enrolled.require(self._model)
        present = self._present()
        enrolled = self._consents.permitted(enrolled.without(self._with_folder - present))
        digest = _digest(enrolled)
        if digest == self._digest:
            return
        self._replace(enrolled)
        for name in sorted(self._reported_names - set(enrolled.names)):
            reason = self._consents.withheld.get(name)
            if reason:
                logger.warning("gallery: {} is no longer recognised: {}", name, reason)
            else:
                logger.info("gallery: {} is forgotten", name)
        self._keep(enrolled, digest)
        logger.info("gallery: reloaded, {} now", counted(len(set(enrolled.names)), "person", "people"))

    def _keep(self, enrolled: Enrolled, digest: bytes) -> None:
        self._digest, self._reported_names = digest, frozenset(enrolled.names)
        self._held = enrolled if len(enrolled) < HELD_VECTORS else None


def stamp_of_record(folder: Path) -> Stamp | None:
    """Return the stamp of a gallery's record; ``None`` where there is none yet."""
    try:
        return Stamp.of(folder / RECORD_FOLDER / RECORD_FILE)
    except OSError:
        return None


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _digest(enrolled: Enrolled) -> bytes:
    digest = hashlib.sha256(repr(enrolled.names).encode())
    digest.update(np.ascontiguousarray(enrolled.vectors).data)  # without a copy: 2 GB for a million
    return digest.digest()
