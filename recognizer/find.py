"""Where the faces of one source are, frame by frame: followed in each, looked for when it is time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from recognizer.protocols import Cadence, Detector, Tracker
from recognizer.stopwatch import Stopwatch
from recognizer.types import F32, FaceDetections, Frame, Look, Tracks

SURE_SCORE = 0.7
"""A face that was found some frames ago must be as sure as this now; MTCNN's last threshold."""

HURRIED_S = 0.2
"""Time between two parts of a whole detection while frames wait."""


class Finder:
    """Finds the faces of one source.

    A glance takes as long as a frame may wait. A whole detection takes longer: after the first, each is spread over the
    frames that follow the one it searches, and what it found is then found again where it is by now.

    Args:
        detector: finds faces, and finds them again.
        cadence: knows when to look.
        tracker: follows.
    """

    def __init__(self, detector: Detector, cadence: Cadence, tracker: Tracker) -> None:
        self._detector, self._cadence, self.tracker = detector, cadence, tracker
        self._search: Iterator[FaceDetections | None] | None = None
        self._is_first = True
        self._searched_at = -np.inf

    @property
    def searching(self) -> bool:
        """A whole detection is under way."""
        return self._search is not None

    def find(self, frame: Frame, clock: Stopwatch, *, search_on: bool = True, hurried: bool = False) -> Tracks:
        """The faces in this frame.

        Args:
            frame: the next one.
            clock: told the time that each part took.
            search_on: do a part of a whole detection, if one is under way.
            hurried: frames wait: look, and go on with a whole detection, less often.
        """
        at = frame.captured_at
        look = self._cadence.look(frame.view, at, lost=self.tracker.lost_now, hurried=hurried)
        clock.lap("cadence")
        search_on = search_on and not (hurried and 0 <= at - self._searched_at < HURRIED_S)
        searched = self._searched(at) if search_on and look is not Look.CUT else None
        if look is Look.CUT:
            self.tracker.cut()
        if look is Look.WHOLE or (look is Look.CUT and self.searching):  # what is searched may be a scene that is gone
            self._search = self._detector.search(frame.image)
        found = None
        if self._is_first and self._search is not None:  # nobody is known yet who could wait
            *_, found = self._search
            self._search = None
        self._is_first = False
        if searched is not None:
            found = self._found_again(frame, searched)
        if look and found is None:
            found = self._detector.glance([frame.image])[0]
        clock.lap("detect")
        before = self.tracker.alive
        if found is not None:
            self.tracker.update(at, found)
        refined = self._refined(frame, *self.tracker.predict(at))
        clock.lap("refine")
        tracks = self.tracker.follow(at, refined)
        if found is not None:
            self._cadence.looked(at, news=self.tracker.alive != before, whole=look is Look.WHOLE)
        return tracks

    def _searched(self, at: float) -> FaceDetections | None:
        """What a whole detection found, if it ends now."""
        if self._search is None:
            return None
        self._searched_at = at
        found = next(self._search)
        if found is not None:
            self._search = None
        return found

    def _refined(self, frame: Frame, boxes: F32, judge: NDArray[np.bool_]) -> FaceDetections:
        """Where the faces are by now."""
        return self._detector.refine(frame.cuttable, boxes, judge) if len(boxes) else FaceDetections.empty()

    def _found_again(self, frame: Frame, faces: FaceDetections) -> FaceDetections:
        """Where faces that a search found are by now."""
        now = self._refined(frame, faces.boxes, np.ones(len(faces), bool))
        return now[now.scores >= SURE_SCORE]
