"""A gallery that changes while we run: who was added is recognised, who was removed is forgotten, nobody restarts.

All work is done on a thread of its own; the pipeline only ever gets an index that is ready.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from loguru import logger
from watchfiles import Change, watch

from recognizer import config
from recognizer.capture.pictures import PICTURE_SUFFIXES
from recognizer.enrol import Enroller
from recognizer.errors import RecognizerError
from recognizer.match.folder import RECORD_FOLDER, scan
from recognizer.match.gallery import Gallery
from recognizer.match.records import Enrolled
from recognizer.match.schema import RECORD_FILE

_QUIET_MS = 300
"""Changes are gathered until none came for so long: a copied folder is many changes."""
_JOIN_S = 0.5


class HotGallery:
    """Watches the gallery's folder and record while open.

    Args:
        settings: Where the gallery is.
        model: Fingerprint of the model in use.
        enroller: Makes what works on photos; called when photos change for the first time.
        replace: Takes each new state of the gallery; called from the watching thread.
    """

    def __init__(
        self,
        settings: config.Settings,
        *,
        model: str,
        enroller: Callable[[], Enroller],
        replace: Callable[[Enrolled], None],
    ) -> None:
        self._folder = settings.gallery.folder.resolve()
        self._model = model
        self._make_enroller = enroller
        self._enroller: Enroller | None = None
        self._replace = replace
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._digest = b""
        self._told: frozenset[str] = frozenset()
        """Who the pipeline knows."""

    def __enter__(self) -> Self:
        """Start watching."""
        enrolled = self._enrolled()
        self._digest, self._told = _digest(enrolled), frozenset(enrolled.names)
        self._stop.clear()
        self._thread = threading.Thread(target=self._watch, name="gallery", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching; an enrolment that is under way is left to its transaction."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_JOIN_S)

    def _watch(self) -> None:
        try:
            for changes in watch(
                self._folder,
                watch_filter=self._matters,
                debounce=_QUIET_MS,
                step=100,
                rust_timeout=500,
                stop_event=self._stop,
                raise_interrupt=False,
            ):
                try:
                    self._follow(photos=any(RECORD_FOLDER not in Path(path).parts for _, path in changes))
                except RecognizerError as error:
                    logger.warning("gallery: the change could not be taken over: {}", error)
        except (OSError, RuntimeError) as error:
            logger.warning("gallery: changes are not seen any more: {}", error)

    def _matters(self, change: Change, path: str) -> bool:
        parts = Path(path).relative_to(self._folder).parts
        if RECORD_FOLDER in parts:
            return parts[-1] == RECORD_FILE
        return not any(part.startswith(".") for part in parts)

    def _follow(self, *, photos: bool) -> None:
        if photos:
            self._forget()  # first of all
            if self._enroller is None:
                self._enroller = self._make_enroller()
            report = self._enroller.enrol(self._folder, on_photo=lambda *_: self._forget())
            for photo in report.photos:
                if photo.worked_on and not photo.accepted:
                    reasons = "; ".join(note.text for note in photo.notes)
                    logger.warning("refused {}/{}: {}", photo.person, photo.file, reasons)
            self._take_over(_only(self._enrolled(), self._present()))
        else:
            self._take_over(self._enrolled())

    def _forget(self) -> None:
        """Who has no folder now: an enrolment of many photos takes long, and knows the folders of its beginning."""
        present = self._present()
        if not self._told <= present:  # the record is read only then, not for every photo
            self._take_over(_only(self._enrolled(), present))

    def _present(self) -> frozenset[str]:
        return frozenset(scan(self._folder, suffixes=PICTURE_SUFFIXES).people)

    def _enrolled(self) -> Enrolled:
        with Gallery(self._folder) as gallery:
            return gallery.enrolled()

    def _take_over(self, enrolled: Enrolled) -> None:
        enrolled.require(self._model)
        digest = _digest(enrolled)
        if digest == self._digest:
            return
        self._digest, self._told = digest, frozenset(enrolled.names)
        self._replace(enrolled)
        logger.info("gallery: changed while running, {} people now", len(set(enrolled.names)))


def _digest(enrolled: Enrolled) -> bytes:
    return hashlib.sha256(repr(enrolled.names).encode() + enrolled.vectors.tobytes()).digest()


def _only(enrolled: Enrolled, people: frozenset[str]) -> Enrolled:
    rows = [row for row, name in enumerate(enrolled.names) if name in people]
    return Enrolled(
        names=tuple(enrolled.names[row] for row in rows),
        files=tuple(enrolled.files[row] for row in rows),
        vectors=enrolled.vectors[rows],
        model=enrolled.model,
        folder=enrolled.folder,
    )
