"""Where the faces of one source are, frame by frame: detected when due, tracked in between."""

from __future__ import annotations

from recognizer.protocols import Cadence, Detector, Tracker
from recognizer.stopwatch import Stopwatch
from recognizer.types import FaceDetections, Frame, Look, Tracks


def detect_and_track(
    frame: Frame, *, detector: Detector, cadence: Cadence, tracker: Tracker, clock: Stopwatch, backlogged: bool = False
) -> Tracks:
    """Detect if it is due, refine the tracks, and return them as they stand in this frame.

    Args:
        frame: newer than the earlier frames of its source.
        detector: detects faces and refines boxes.
        cadence: decides when to detect in this source.
        tracker: holds the tracks of this source.
        clock: gets the time of each part.
        backlogged: other frames wait: detect less often.
    """
    at = frame.captured_at
    look = cadence.look(frame.preview, at, lost=tracker.lost_now, hurried=backlogged)
    clock.lap("schedule")
    if look is Look.CUT:
        tracker.cut()
    thorough = look in (Look.THOROUGH, Look.CUT)  # after a cut everybody is new
    found = detector.glance([frame.image], thorough=thorough)[0] if look else None
    clock.lap("detect")
    before = tracker.alive
    if found is not None:
        tracker.update(at, found)
    boxes, verify = tracker.predict(at)
    clock.lap("track")
    refined = detector.refine(frame.crop_source, boxes, verify) if len(boxes) else FaceDetections.empty()
    clock.lap("refine")
    tracks = tracker.follow(at, refined)
    if found is not None:
        cadence.looked(at, news=tracker.alive != before, thorough=look is Look.THOROUGH)
    clock.lap("track")
    return tracks
