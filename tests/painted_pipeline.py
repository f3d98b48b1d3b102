"""The pipeline with the fakes of ``tests.fakes``: painted squares are people."""

from __future__ import annotations

from recognizer.decide.decider import Decider
from recognizer.decide.evidence import Thresholds
from recognizer.detect.scheduler import AdaptiveScheduler
from recognizer.pipeline import Pipeline
from recognizer.quality import QualityLimits
from recognizer.source_context import SourceContext
from recognizer.track.tracker import Tracker
from tests.fakes import PaintedFaceDetector, PaintedFaceEmbedder, PaintedGallery

THRESHOLDS = Thresholds(known=0.4, release=0.3, margin=0.1, sure=0.6)
FLAT = QualityLimits(usable_sharpness=0)
"""Painted faces have no texture."""


def new_context(source: str) -> SourceContext:
    decider = Decider(thresholds=THRESHOLDS, limits=FLAT)
    return SourceContext(AdaptiveScheduler(max_interval_s=1.0), Tracker(), decider)


def pipeline() -> tuple[Pipeline, PaintedFaceDetector, PaintedFaceEmbedder]:
    detector, embedder = PaintedFaceDetector(), PaintedFaceEmbedder()
    made = Pipeline(detector=detector, embedder=embedder, index=PaintedGallery(), new_context=new_context)
    return made, detector, embedder
