"""How a run recognises: in this process, or in workers. The rest of the run does not see the difference."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from loguru import logger

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.decide.evidence import Thresholds
from recognizer.gallery.records import Enrolled
from recognizer.memory import processes_that_fit
from recognizer.models.resolve import ResolvedModel
from recognizer.pipeline import Pipeline
from recognizer.protocols import FrameSource, Sink, VectorIndex
from recognizer.runtime import runner
from recognizer.runtime.workers.messages import GalleryState
from recognizer.runtime.workers.pool import Limits, WorkerPool
from recognizer.types.rejection import Rejection


class Recognising(Protocol):
    """Recognises the sources of a run."""

    sources: Sequence[FrameSource]
    """What the rest of the run knows of the sources."""
    peak_bytes: int
    """Most memory that other processes held for it."""

    def replace_gallery(
        self, enrolled: Enrolled, rejections: Sequence[Rejection], thresholds: Thresholds, *, revision: int
    ) -> None:
        """Search another gallery from now on; may be called from any thread. Its results bear the revision."""

    def run(
        self,
        sinks: Sequence[Sink],
        *,
        stop: threading.Event,
        go_on: Callable[[], bool],
        dropped: dict[str, int],
        max_frames: int | None,
        max_seconds: float | None,
    ) -> None:
        """Run once; see ``runner.run``."""


def make_recognising(settings: Settings, resolved: ResolvedModel, sources: Sequence[FrameSource]) -> Recognising:
    """Build what recognises these sources, in as many workers as the settings say.

    Raises:
        ConfigError: if no thresholds were measured for the model.
        EngineError: if the engine cannot run the model.
        GalleryError: if nobody is enrolled, or with another model.
    """
    count = worker_count(settings, sources)
    if count == 0:
        return _InThisProcess(settings, resolved, sources)
    build.enrolled_people(settings, resolved.fingerprint)  # an error now, not in the workers
    logger.info("{} sources are recognised in {} processes", len(sources), count)
    limits = Limits(round(settings.workers.max_mb * 1e6), settings.workers.silent_s)
    return WorkerPool(SettingsPlan(settings, resolved), sources, count=count, limits=limits)


def worker_count(settings: Settings, sources: Sequence[FrameSource]) -> int:
    """Return how many workers recognise these sources; 0: this process does."""
    wanted, cameras = settings.workers.count, sum(source.live for source in sources)
    if not settings.emit.headless or build.only_photos(settings):
        if wanted != "auto" and wanted:
            logger.info("a window and folders of photos are recognised in one process: workers.count does not count")
        return 0
    if wanted == "auto":
        count = processes_that_fit(cameras)
        return count if count > 1 and cameras == len(sources) else 0
    return min(wanted, len(sources))


class _InThisProcess:
    """The caller's thread recognises."""

    peak_bytes = 0

    def __init__(self, settings: Settings, resolved: ResolvedModel, sources: Sequence[FrameSource]) -> None:
        self.sources = sources
        make = build.photo_pipeline if build.only_photos(settings) else partial(build.video_pipeline, soon=True)
        self._pipeline = make(settings, resolved)
        self._settings = settings

    def replace_gallery(
        self, enrolled: Enrolled, rejections: Sequence[Rejection], thresholds: Thresholds, *, revision: int
    ) -> None:
        index = build.gallery_index(self._settings, enrolled, rejections)
        self._pipeline.replace_gallery(index, frozenset(enrolled.names), thresholds, revision=revision)

    def run(
        self,
        sinks: Sequence[Sink],
        *,
        stop: threading.Event,
        go_on: Callable[[], bool],
        dropped: dict[str, int],
        max_frames: int | None,
        max_seconds: float | None,
    ) -> None:
        runner.run(
            self.sources,
            self._pipeline,
            sinks,
            max_frames=max_frames,
            max_seconds=max_seconds,
            stop=stop,
            go_on=go_on,
            dropped=dropped,
        )


@dataclass(frozen=True, slots=True)
class SettingsPlan:
    """Workers build the settings' sources and stages, as one process would."""

    settings: Settings
    resolved: ResolvedModel

    def make_source(self, name: str) -> FrameSource:
        """Build the source of this name."""
        return next(source for source in build.sources(self.settings) if source.name == name)

    def make_pipeline(self, first_ids: Mapping[str, int]) -> Pipeline:
        """Build the stages; people who may not be recognised are dropped."""
        return build.video_pipeline(self.settings, self.resolved, first_ids=first_ids, soon=True)

    def make_index(self, state: GalleryState) -> VectorIndex:
        """Build the index of a gallery."""
        return build.gallery_index(self.settings, state.enrolled, state.rejections)
