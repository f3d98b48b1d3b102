"""Notice a camera that is mounted turned by a quarter or half, where hardly any face is found.

MTCNN knows upright faces: of 60 faces in 32 frames of a TV clip it finds 1, 6 and 2 where the frames are turned by 90,
180 and 270 degrees, and their landmarks still say that they are upright. So a source without a face is now and then
also searched turned. A face turned by up to 45 degrees is found, and alignment turns its crop.
"""

from __future__ import annotations

import math
from collections import Counter

from loguru import logger

from recognizer.geometry import turned
from recognizer.protocols import Detector
from recognizer.types import U8, DetectionMode, Frame

FIRST_WAIT_S = 5.0
"""Time without a face until a source is searched turned; doubled after each search."""
LONGEST_WAIT_S = 600.0
CLEAR_SCORE = 0.998
"""Detection score that counts: no object had it in two frames in a row (`recognizer.decide.decider`)."""
WANTED = 2
"""Searches, at different times, that must find such a face at one turn."""


class MountingCheck:
    """Searches one source turned, as long as no upright face was seen in it.

    One detection is run in a frame; three turns make a search.
    """

    def __init__(self) -> None:
        self._began: float | None = None
        self._due_at = math.inf
        self._wait_s = FIRST_WAIT_S
        self._turns: list[int] = []
        self._found: Counter[int] = Counter()
        self._is_over = False

    def update(self, frame: Frame, detector: Detector, *, has_face: bool) -> int | None:
        """Search the frame turned if that is due, and log once if the camera is mounted turned.

        Args:
            frame: the newest of the source.
            detector: searches for faces.
            has_face: whether the frame shows an upright face; nothing is searched from then on.

        Returns:
            In the frame that settles it, by how many degrees frames must be turned clockwise; else ``None``.
        """
        if self._is_over or has_face:
            self._is_over = True
            return None
        at = frame.captured_at
        if self._began is None or at < self._began:
            self._began, self._due_at = at, at + self._wait_s
        if at >= self._due_at and not self._turns:
            self._turns = [90, 180, 270]
            self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
            self._due_at = at + self._wait_s
        if not self._turns:
            return None
        turn = self._turns.pop()
        self._found[turn] += _has_face(detector, frame.image, turn)
        if self._found[turn] < WANTED:
            return None
        self._is_over = True
        logger.warning(
            "{}: no upright face was seen, but faces are found where the picture is turned by {} degrees: the camera "
            "seems to be mounted turned. Add {} to its rotate_deg (0 where none is set).",
            frame.source,
            turn,
            turn,
        )
        return turn


def _has_face(detector: Detector, image: U8, turn_deg: int) -> bool:
    scores = detector.detect([turned(image, turn_deg)], DetectionMode.FULL)[0].scores
    return bool((scores >= CLEAR_SCORE).any())
