"""Build the two pipelines: one for video, one for photos that have nothing to do with each other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from loguru import logger

from recognizer.app.build.detectors import has_fast_detection, photo_detector, video_detector
from recognizer.app.build.embedders import embedder
from recognizer.app.build.galleries import enrolled_people, gallery_index, rejections_at_start
from recognizer.app.build.name_thresholds import thresholds
from recognizer.app.config import Settings
from recognizer.decide.budget import BudgetedDecider, EmbeddingBudget
from recognizer.decide.decider import Decider
from recognizer.decide.photo import PhotoDecider
from recognizer.detect.every_frame import EveryFrame
from recognizer.detect.mounting import MountingCheck
from recognizer.detect.scheduler import AdaptiveScheduler
from recognizer.models.resolve import ResolvedModel
from recognizer.pipeline import Pipeline
from recognizer.protocols import Detector, Embedder
from recognizer.source_context import SourceContext
from recognizer.track.tracker import Tracker


def video_pipeline(
    settings: Settings,
    resolved: ResolvedModel,
    *,
    first_ids: Mapping[str, int] = MappingProxyType({}),
    soon: bool = False,
    decider: type[Decider] | None = None,
) -> Pipeline:
    """Build all stages between the sources and the sinks, for video.

    Args:
        settings: of the stages.
        resolved: the embedding model.
        first_ids: from where on a source's tracks are numbered, by its name; 1 for others. Read when it begins.
        soon: compile graphs that the first frame may do without beside the first frames.
        decider: another kind than the settings say.

    Raises:
        ConfigError: if no thresholds were measured for the model.
        EngineError: if the engine cannot run the model.
        GalleryError: if nobody is enrolled, or with another model.
    """
    later: list[Callable[[], object]] | None = [] if soon else None
    detector, model = video_detector(settings, later=later), embedder(settings, resolved)
    if later:
        threading.Thread(target=_compile, args=(later,), name="compile").start()
    return _pipeline(settings, resolved, detector, model, partial(video_context, first_ids=first_ids, decider=decider))


def _compile(works: Sequence[Callable[[], object]]) -> None:
    """Do what was put off, until the program ends."""
    for work in works:
        if not threading.main_thread().is_alive():
            return
        try:
            work()
        except RuntimeError as error:  # raised again where it is needed
            logger.debug("a graph is not compiled: {}", error)


def photo_pipeline(settings: Settings, resolved: ResolvedModel) -> Pipeline:
    """Build all stages for photos: each is recognised by itself. Raises as ``video_pipeline``."""
    return _pipeline(settings, resolved, photo_detector(settings), embedder(settings, resolved), photo_context)


def _pipeline(
    settings: Settings,
    resolved: ResolvedModel,
    detector: Detector,
    model: Embedder,
    context: Callable[..., Callable[[str], SourceContext]],
) -> Pipeline:
    enrolled = enrolled_people(settings, resolved.fingerprint)
    return Pipeline(
        detector=detector,
        embedder=model,
        index=gallery_index(settings, enrolled, rejections_at_start(settings, enrolled.model)[0]),
        new_context=context(settings, resolved, enrolled=len(enrolled)),
    )


def video_context(
    settings: Settings,
    resolved: ResolvedModel,
    *,
    enrolled: int = 1,
    first_ids: Mapping[str, int] = MappingProxyType({}),
    decider: type[Decider] | None = None,
) -> Callable[[str], SourceContext]:
    """Return a function that makes the state of one video source: scheduler, tracker, decider."""
    per_s = settings.decide.embeddings_per_s
    kind = decider or (Decider if per_s is None else partial(BudgetedDecider, budget=EmbeddingBudget(per_s)))

    def make(source: str) -> SourceContext:
        scheduler = AdaptiveScheduler(
            max_interval_s=settings.detect.max_interval_s,
            min_interval_s=settings.detect.min_interval_s,
            full_interval_s=settings.detect.full_interval_s if has_fast_detection(settings) else 0,
            cut=settings.detect.cut,
        )
        tracker = _tracker(settings, first_id=first_ids.get(source, 1))
        return SourceContext(scheduler, tracker, _decider(kind, settings, resolved, enrolled), MountingCheck())

    return make


def photo_context(settings: Settings, resolved: ResolvedModel, *, enrolled: int = 1) -> Callable[[str], SourceContext]:
    """Return a function that makes the state of one folder of photos: nobody is followed into the next photo."""

    def make(source: str) -> SourceContext:
        return SourceContext(EveryFrame(), _tracker(settings), _decider(PhotoDecider, settings, resolved, enrolled))

    return make


def _tracker(settings: Settings, *, first_id: int = 1) -> Tracker:
    return Tracker(min_score=settings.track.min_score, keep_lost_s=settings.track.keep_lost_s, first_id=first_id)


def _decider(kind: Callable[..., Decider], settings: Settings, resolved: ResolvedModel, enrolled: int) -> Decider:
    return kind(
        thresholds=thresholds(settings, resolved, enrolled=enrolled),
        face_score=settings.decide.face_score,
        recheck_s=settings.decide.recheck_s,
        norm_range=resolved.spec.norm_range,
    )
