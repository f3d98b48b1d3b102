"""The pipeline with the fakes of ``tests.fakes``: painted squares are people."""

from __future__ import annotations

from recognizer.decide.decider import Decider
from recognizer.decide.evidence import Thresholds
from recognizer.detect.cadence import Cadence
from recognizer.pipeline import Pipeline, Watch
from recognizer.track.tracker import Tracker
from tests.fakes import PaintedFaceDetector, PaintedFaceEmbedder, PaintedGallery

THRESHOLDS = Thresholds(known=0.4, release=0.3, margin=0.1, sure=0.6)


def watch() -> Watch:
    return Watch(Cadence(interval_s=1.0), Tracker(), Decider(thresholds=THRESHOLDS))


def pipeline() -> tuple[Pipeline, PaintedFaceDetector, PaintedFaceEmbedder]:
    detector, embedder = PaintedFaceDetector(), PaintedFaceEmbedder()
    return Pipeline(detector=detector, embedder=embedder, gallery=PaintedGallery(), watch=watch), detector, embedder
