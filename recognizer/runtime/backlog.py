"""Changes of the gallery that are not loaded yet, retried with growing pauses."""

from __future__ import annotations

import time
from collections.abc import Callable

from loguru import logger

from recognizer.errors import RecognizerError

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
"""Pauses before a failure is retried; each is twice the one before."""


class Backlog:
    """Changes that are not loaded yet: tried until they are, with growing pauses, and reported when that takes long."""

    def __init__(self, behind_s: float) -> None:
        self._behind_s = behind_s
        self._since: float | None = None
        """When the first change came that is not loaded; ``None`` when all are."""
        self._photos = False
        self._due_at = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._problem = ""
        self._reported = False

    def add(self, *, photos: bool) -> None:
        """Note a change, of photos or only of the record; it is due at once."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        self._photos |= photos
        self._due_at = now

    def work_off(self, work: Callable[[bool], None]) -> None:
        """Do what is due; ``work`` gets whether photos changed."""
        if self._since is None:
            return
        if time.monotonic() >= self._due_at:
            if self.attempt(lambda: work(self._photos)):
                if self._reported:
                    logger.info("gallery: up to date again")
                self._since, self._photos, self._pause_s = None, False, FIRST_PAUSE_S
                self._problem, self._reported = "", False
                return
            self._due_at = time.monotonic() + self._pause_s
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        self.report()

    def attempt(self, work: Callable[[], None]) -> bool:
        """Whether this succeeded; the same problem again and again is logged once."""
        try:
            work()
        except Exception as error:  # whatever it is: without a watch, people who were deleted stay named
            problem = str(error) if isinstance(error, RecognizerError) else f"{type(error).__name__}: {error}"
            if problem != self._problem:
                logger.warning("gallery: a change could not be loaded and is tried again: {}", problem)
                logger.opt(exception=error).debug("traceback")
            self._problem = problem
            return False
        return True

    def report(self) -> None:
        """Say once that the newest state of the gallery is not loaded for long."""
        if self._reported or self._since is None:
            return
        behind_s = time.monotonic() - self._since
        if behind_s > self._behind_s:
            self._reported = True
            why = self._problem or "photos are being processed"
            logger.warning("gallery: behind its folder for {:.0f} s ({})", behind_s, why)
