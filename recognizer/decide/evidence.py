"""Stage 7, DECIDE, one track: what is known about it, what a look at its face is worth, and the reasons in words."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recognizer.types import F32, FaceQuality, Status

FACE_WINDOW = 8
"""Frames over which a face score must hold. In 13,700 face-frames of six clips no object held 0.95 for so long, and no
frontal face failed to."""
GOOD_EYES_PX = 45.0
"""Distance between the eyes from which more pixels add little (median similarity to oneself 0.41 at 15 to 20 px, 0.54
at 30 to 45, 0.70 at 45 to 60, 0.73 above: two clips, 1,350 faces)."""
WEAK_SCORE = 0.9
"""A look at a lower face score hardly counts: it is half a face, or none."""
OTHER_FACE = 0.15
"""A look less similar to the track's template than this, twice running, is another face."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What a name needs; from a calibration file."""

    known: float
    """Similarity of the template to the person."""
    release: float
    """Similarity below which a name, once given, is withdrawn."""
    margin: float
    """Lead over the next person."""
    sure: float
    """Similarity at which one look is enough, and at which two tracks of one frame may bear one name."""
    evidence: float = 0.5
    """Sum of the looks' weights for a name, or to be called unknown; a good frontal look weighs 1."""


@dataclass(slots=True)
class Evidence:
    """What is known about one track."""

    first_at: float
    last_at: float
    box: F32
    scores: deque[float] = field(default_factory=lambda: deque(maxlen=FACE_WINDOW))
    frames: int = 0
    is_face: bool = False
    is_back: bool = False
    """It was lost and something was found in its place, which is not told before it looks like the same face."""
    vector_sum: NDArray[np.float64] = field(default_factory=lambda: np.zeros(1))
    """(D,) weighted sum of the looks' vectors; before the first look, of no dimension yet."""
    weight: float = 0.0
    looks: int = 0
    strangers: list[tuple[F32, float]] = field(default_factory=list)
    look_due_at: float = -math.inf
    largest_px: float = 0.0
    best: FaceQuality | None = None
    best_weight: float = 0.0
    status: Status = Status.UNDECIDED
    name: str | None = None
    nearest: str | None = None
    similarity: float = -1.0
    margin: float = 0.0
    told: bool = False
    told_name: str | None = None
    """The name in the last event."""

    @property
    def template(self) -> F32:
        """What the face looks like: (D,) of unit length."""
        return np.asarray(self.vector_sum / max(float(np.linalg.norm(self.vector_sum)), 1e-12), np.float32)

    def add(self, vector: F32, weight: float, *, same_from: float = OTHER_FACE) -> None:
        """Take a look into the template; of two looks running at another face, begin anew with those.

        Args:
            vector: (D,) of unit length.
            weight: of the look.
            same_from: similarity to the template from which a face that is back is the same.
        """
        self.looks += 1
        alike = float(vector @ self.template) if self.weight else 1.0
        odd = alike < same_from if self.is_back else self.looks > 1 and weight > 0.2 and alike < OTHER_FACE
        if odd:
            self.strangers.append((vector, weight))
            if len(self.strangers) > 1:
                self._begin_anew()
        else:
            self.vector_sum = self.vector_sum + weight * vector
            self.weight += weight
            self.strangers.clear()
            self.is_back = False

    def _begin_anew(self) -> None:
        """With the strangers; what took a lost one's place has to prove that it is a face, too."""
        self.vector_sum = np.sum([weight * vector for vector, weight in self.strangers], axis=0, dtype=np.float64)
        self.weight = sum(weight for _, weight in self.strangers)
        self.best = None
        self.strangers.clear()
        if self.is_back:
            self.is_back = self.is_face = False
            self.frames = 0
            self.scores.clear()
            self.status, self.name = Status.UNDECIDED, None

    def reasons(self, wanted: Thresholds, *, rivals: Sequence[int], min_samples: int) -> Iterator[str]:
        """In words, what speaks for the status, or what is still wanted.

        Args:
            wanted: what a name needs.
            rivals: other tracks in the same picture that bear the name of the nearest person.
            min_samples: looks that a name needs.
        """
        if self.looks == 0:
            yield "not looked at closely yet"
            return
        if self.nearest is None:
            yield "nobody is enrolled"
            return
        lacking = "" if self.similarity >= wanted.known else f", wanted {wanted.known:.2f}"
        yield f"similarity {self.similarity:.2f} to {self.nearest}{lacking}"
        if self.margin < wanted.margin:
            yield f"margin {self.margin:.2f} to the next person, wanted {wanted.margin:.2f}"
        if self.status is Status.UNDECIDED:
            for rival in rivals:
                yield f"track {rival} in the same picture is nearer to {self.nearest}"
        if self.weight < wanted.evidence and self.best is not None:
            yield from _shortcomings(self.best)
            many = "1 look weighs" if self.looks == 1 else f"{self.looks} looks weigh"
            yield f"{many} {math.floor(100 * self.weight) / 100:.2f}, wanted {wanted.evidence:.2f}"
        elif self.status is Status.UNDECIDED and self.looks < min_samples:
            yield "1 look so far, wanted 2"


def weigh(quality: FaceQuality) -> F32:
    """Weight of looks in a template, (K,) in (0, 1]: pixels between the eyes times the cosine of the yaw, squared.

    Measured on two clips with one photo a person, rank correlation with the similarity to oneself, pooled and within
    tracks: eyes 0.68 and 0.35, yaw -0.41 and -0.28; sharpness -0.06 and -0.04, face score -0.03 and 0.06 (but below
    0.9 similarity falls by half). So the first two count, a low score nearly rules out, and sharpness is left alone.
    """
    near = np.clip(quality.eyes_px / GOOD_EYES_PX, 0.02, 1)
    frontal = np.maximum(np.cos(np.radians(quality.yaw_deg)), 0.2) ** 2
    face = np.where(quality.score >= WEAK_SCORE, 1.0, 0.1)
    return np.asarray(near * frontal * face, np.float32)


def weigh_by_norm(norms: F32, quality: FaceQuality, norm_range: tuple[float, float]) -> F32:
    """Weight of looks by a network whose vectors are the longer the better the face, (K,) in (0, 1].

    MagFace weighs the looks of a template by their length (Meng et al. 2021, section 4.3, "MagFace+"); it has learnt
    what ``weigh`` takes from pixels and pose, so that these do not count again. A look that is hardly a face still
    hardly counts. Not measured here: none of its weights are at hand.

    Args:
        norms: (K,) length of the vectors before normalisation.
        quality: K rows.
        norm_range: lengths that weigh nothing and 1.
    """
    low, high = norm_range
    share = np.clip((norms - low) / (high - low), 0.02, 1)
    return np.asarray(share * np.where(quality.score >= WEAK_SCORE, 1.0, 0.1), np.float32)


def _shortcomings(quality: FaceQuality) -> Iterator[str]:
    eyes_px, yaw_deg, score = float(quality.eyes_px[0]), float(quality.yaw_deg[0]), float(quality.score[0])
    if eyes_px < GOOD_EYES_PX / 2:
        yield f"{eyes_px:.0f} px between the eyes, wanted {GOOD_EYES_PX / 2:.0f}"
    if abs(yaw_deg) > 45:
        yield f"head turned {abs(yaw_deg):.0f} degrees, wanted at most 45"
    if score < WEAK_SCORE:
        yield f"face score {score:.2f}, wanted {WEAK_SCORE:.2f}"
