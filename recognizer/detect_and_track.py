"""Where the faces of one source are, frame by frame: detected when due, tracked in between."""

from __future__ import annotations

from recognizer.protocols import DetectionScheduler, Detector, Tracker
from recognizer.stopwatch import Stopwatch
from recognizer.types import DetectionTrigger, Frame, RefinedFaces, Tracks


def detect_and_track(
    frame: Frame,
    *,
    detector: Detector,
    scheduler: DetectionScheduler,
    tracker: Tracker,
    clock: Stopwatch,
    backlogged: bool = False,
) -> Tracks:
    """Detect if it is due, refine the tracks, and return them as they stand in this frame.

    Args:
        frame: newer than the earlier frames of its source.
        detector: detects faces and refines boxes.
        scheduler: decides when to detect in this source.
        tracker: holds the tracks of this source.
        clock: gets the time of each part.
        backlogged: other frames wait: detect less often.
    """
    at = frame.captured_at
    trigger = scheduler.next_detection(frame.preview, at, lost=tracker.lost_now, backlogged=backlogged)
    clock.lap("schedule")
    if trigger is DetectionTrigger.CUT:
        tracker.cut()
    found = detector.detect([frame.image], trigger.mode)[0] if trigger else None
    clock.lap("detect")
    before = tracker.alive
    if found is not None:
        tracker.update(at, found)
    boxes, verify = tracker.predict(at)
    clock.lap("track")
    refined = detector.refine(frame.crop_source, boxes, verify) if len(boxes) else RefinedFaces.empty()
    clock.lap("refine")
    tracks = tracker.follow(at, refined)
    if found is not None:
        full = trigger is DetectionTrigger.FULL_DUE
        scheduler.record_detection(at, changed=tracker.alive != before, full=full)
    clock.lap("track")
    return tracks
