"""The pipelines of a ``FaceRecognizer``, which search one gallery: they follow its changes, and consents that end."""

from __future__ import annotations

import time
import weakref
from collections.abc import Generator

from loguru import logger

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.errors import HistoryError
from recognizer.gallery.records import Enrolled
from recognizer.gallery.store import load_enrolled
from recognizer.models.resolve import ResolvedModel
from recognizer.pipeline import Pipeline
from recognizer.types import FrameResult

_CHECK_S = 1.0
"""Consents are files that other processes may change; checking those of 1,000 people takes some milliseconds."""


class LivePipelines:
    """Holds pipelines as long as somebody else does, and gives them each new state of the gallery.

    Args:
        settings: which gallery, and whether consent is required.
        resolved: the embedding model.
    """

    def __init__(self, settings: Settings, resolved: ResolvedModel) -> None:
        self._settings = settings
        self._resolved = resolved
        self._consents = build.consents(settings)
        self._pipelines: weakref.WeakSet[Pipeline] = weakref.WeakSet()
        self._rejections = build.rejections_at_start(settings, resolved.fingerprint)[0]
        self._check_at = 0.0

    def enrolled(self) -> Enrolled:
        """Load the people who may be recognised now.

        Raises:
            GalleryError: if nobody is enrolled, or the record cannot be read.
        """
        # not by self._consents, which would take what the pipelines do not know yet for known
        return build.consents(self._settings).permitted(load_enrolled(self._settings.gallery.folder))

    def add(self, pipeline: Pipeline) -> None:
        """Keep a pipeline up to date from now on."""
        self._pipelines.add(pipeline)
        if self._consents.is_due() or self._consents.have_changed():
            self.reload()
        else:
            self._permitted()  # notes when the next consent ends

    def reload(self) -> None:
        """Let all pipelines search the people who may be recognised now; after the last one was removed, nobody."""
        enrolled = self._permitted()
        try:
            self._rejections = build.rejections(self._settings, self._resolved.fingerprint)
        except HistoryError as error:  # people who were removed must not be named because a database is away
            logger.warning("{} The rejections that were read before count on.", error)
        names = frozenset(enrolled.names)
        index = build.gallery_index(self._settings, enrolled, self._rejections)
        for pipeline in list(self._pipelines):
            wanted = build.thresholds(self._settings, self._resolved, enrolled=len(enrolled))
            pipeline.replace_gallery(index, names, wanted)

    def _permitted(self) -> Enrolled:
        return self._consents.permitted(load_enrolled(self._settings.gallery.folder, may_be_empty=True))

    def heed_consents(self) -> None:
        """Withdraw the people whose consent has ended; once a second, notice consents that other processes changed."""
        is_due, now = self._consents.is_due(), time.monotonic()
        if not is_due and now >= self._check_at:
            self._check_at = now + _CHECK_S
            is_due = self._consents.have_changed()
        if is_due:
            self.reload()

    def heeding_consents(self, results: Generator[FrameResult, None, None]) -> Generator[FrameResult, None, None]:
        """Pass results on, and withdraw people at the moment at which their consent ends."""
        try:
            for result in results:
                yield result
                self.heed_consents()
        finally:
            results.close()
