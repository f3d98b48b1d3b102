"""Stage 3, TRACK, one face: where it is, where it should be next, and how often it must be refined."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from recognizer.geometry import Box, overlap
from recognizer.types import F32

MIN_OVERLAP = 0.2
"""Intersection over union below which a detection is not the face of a visible track."""
GOOD_SCORE = 0.7
"""A refined box with a lower score is only believed near the last good one: O-Net, fed its own weak answer, drifts."""
ANCHOR_OVERLAP = 0.3
"""Intersection over union with the last good box that such a box needs."""
TRUSTED = 0.75
"""Smoothed score of a track whose loss triggers a detection: objects that MTCNN takes for faces come and go often."""
TRUST_GAIN = 0.2
"""Weight of the newest score in it."""
DAMPING = 0.5
"""Weight of the newest displacement in a track's velocity."""
MAX_EXTRAPOLATION_S = 0.5
COAST_S = 0.12
"""Longest time that a track is moved by its velocity alone; saves a third of the work at 25 frames a second."""
FIRST_COAST_S = 0.05
COAST_SCORE = 0.9
TENTATIVE = 8
"""Sightings before a track may coast, each of them verified: they tell whether it is a face at all."""
CLEAR_SCORE = 0.99
CLEAR = 4
"""A track whose first so many sightings all score CLEAR_SCORE is tentative no longer."""
VERIFY_S = 0.2
"""Seconds between two verifications by O-Net; the follow net in between may take a vase for a face."""
DOUBT = 0.9
DOUBT_S = 0.1
"""The same for a track with a score below DOUBT."""
SURPRISING = 0.2
"""A face found further than this from where it was expected, in its sides, is refined in every frame."""
CALM = 0.06
"""A face found nearer than this may coast."""


@dataclass(slots=True)
class Track:
    """One face followed through time."""

    id: int
    box: Box
    landmarks: F32
    score: float
    seen_at: float
    verified_at: float
    """When O-Net verified it last."""
    velocity: tuple[float, float] = (0.0, 0.0)
    """Of the box's centre, px/s."""
    detection_index: int = -1
    visible: bool = True
    trust: float = 0.0
    """Its face score, smoothed."""
    sightings: int = 1
    lowest: float = 1.0
    """Lowest score while it is tentative."""
    surprising: bool = False
    """It was far from where it was expected."""
    coast_s: float = 0.0
    """How long it may be moved by its velocity alone."""
    anchor: Box = field(init=False)
    """Its last box with a good score."""

    def __post_init__(self) -> None:
        self.anchor = self.box

    def shift(self, at: float) -> tuple[float, float]:
        """Expected displacement since it was seen, px."""
        elapsed = min(at - self.seen_at, MAX_EXTRAPOLATION_S)
        return self.velocity[0] * elapsed, self.velocity[1] * elapsed

    def expected(self, at: float) -> Box:
        """Expected box at a time."""
        x, y = self.shift(at)
        left, top, right, bottom = self.box
        return left + x, top + y, right + x, bottom + y

    def may_go_to(self, at: float, box: Box, score: float) -> bool:
        """Whether a refined box is plausible: near the expected one and, if weak, near the last good one."""
        near = overlap(self.expected(at), box)
        if score >= GOOD_SCORE or near < MIN_OVERLAP:
            return near >= MIN_OVERLAP
        return overlap(self.anchor, box) >= ANCHOR_OVERLAP

    def is_coasting(self, at: float) -> bool:
        """Whether it is moved by its velocity and need not be refined yet."""
        return 0 < at - self.seen_at < self.coast_s - 1e-3

    def is_due_for_verification(self, at: float) -> bool:
        """Whether O-Net should verify it now."""
        wait = DOUBT_S if self.score < DOUBT else VERIFY_S
        return self.is_tentative or at - self.verified_at >= wait - 1e-3

    @property
    def is_tentative(self) -> bool:
        """Whether it was seen too seldom to tell if it is a face."""
        return self.sightings < (CLEAR if self.lowest >= CLEAR_SCORE else TENTATIVE)

    @property
    def can_skip_frame(self) -> bool:
        """Whether it may wait for the next frame in which all tracks are refined."""
        return not (self.is_tentative or self.surprising)

    def question(self) -> None:
        """Plan to refine and verify it in the next frame."""
        self.verified_at, self.coast_s, self.surprising = -math.inf, 0.0, True

    def move(
        self, at: float, box: Box, landmarks: F32, score: float, *, verified: bool, detection_index: int = -1
    ) -> None:
        """Move it to a new box; only a verified score may raise its score."""
        score = score if verified else min(score, self.score)
        self.verified_at = at if verified else self.verified_at
        if verified and score >= DOUBT and self.trust < TRUSTED:  # hardly a face before, a face now: tentative again
            self.sightings, self.lowest = 0, 1.0
        self._plan_coasting(at, box, score)
        elapsed = at - self.seen_at
        if not self.visible:
            self.velocity = (0.0, 0.0)
        elif elapsed > 0:
            share = DAMPING / (2 * elapsed)
            x = (box[0] + box[2] - self.box[0] - self.box[2]) * share
            y = (box[1] + box[3] - self.box[1] - self.box[3]) * share
            self.velocity = (self.velocity[0] * (1 - DAMPING) + x, self.velocity[1] * (1 - DAMPING) + y)
        self.box, self.landmarks, self.score = box, landmarks, score
        if score >= GOOD_SCORE or detection_index >= 0:
            self.anchor = box
        self.trust += (score - self.trust) * TRUST_GAIN
        self.seen_at, self.detection_index, self.visible = at, detection_index, True
        self.sightings += 1
        self.lowest = min(self.lowest, score)

    def _plan_coasting(self, at: float, box: Box, score: float) -> None:
        """Double the coasting time after each frame in which it was where expected; else set it to zero."""
        left, top, right, bottom = self.expected(at)
        across = max(abs(box[0] - left), abs(box[2] - right)) / max(right - left, 1)
        down = max(abs(box[1] - top), abs(box[3] - bottom)) / max(bottom - top, 1)
        self.surprising = max(across, down) > SURPRISING
        calm = self.visible and self.sightings >= TENTATIVE and score >= COAST_SCORE and max(across, down) < CALM
        self.coast_s = min(max(self.coast_s * 2, FIRST_COAST_S), COAST_S) if calm else 0.0
