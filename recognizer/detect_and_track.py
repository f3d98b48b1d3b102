"""Where the faces of one source are, frame by frame: followed in each, looked for when it is time."""

from __future__ import annotations

from recognizer.protocols import Cadence, Detector, Tracker
from recognizer.stopwatch import Stopwatch
from recognizer.types import FaceDetections, Frame, Look, Tracks


def find(
    frame: Frame, *, detector: Detector, cadence: Cadence, tracker: Tracker, clock: Stopwatch, hurried: bool = False
) -> Tracks:
    """The faces in the next frame of a source.

    Args:
        frame: newer than those that came before.
        detector: finds faces, and finds them again.
        cadence: knows when to look in this source.
        tracker: follows the faces of this source.
        clock: told the time that each part took.
        hurried: frames wait: look less often.
    """
    at = frame.captured_at
    look = cadence.look(frame.view, at, lost=tracker.lost_now, hurried=hurried)
    clock.lap("cadence")
    if look is Look.CUT:
        tracker.cut()
    thorough = look in (Look.THOROUGH, Look.CUT)  # after a cut everybody is new
    found = detector.glance([frame.image], thorough=thorough)[0] if look else None
    clock.lap("detect")
    before = tracker.alive
    if found is not None:
        tracker.update(at, found)
    boxes, judge = tracker.predict(at)
    refined = detector.refine(frame.cuttable, boxes, judge) if len(boxes) else FaceDetections.empty()
    clock.lap("refine")
    tracks = tracker.follow(at, refined)
    if found is not None:
        cadence.looked(at, news=tracker.alive != before, thorough=look is Look.THOROUGH)
    return tracks
