"""Stage 7, DECIDE, one track: its template, its evidence, and the reasons in words."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recognizer.decide.appearance import Appearance
from recognizer.decide.weights import GOOD_EYES_PX, WEAK_SCORE
from recognizer.geometry import unit
from recognizer.types import F32, FaceQuality, Status

FACE_WINDOW = 8
"""Frames over which the face score must hold. In 13,700 face-frames of six clips no object held 0.95 for so long, and
every frontal face did."""
CHECKS = 2
"""Samples to take after the picture of a face changed, if they are hardly like the others."""
FALL = 0.1
"""A sample that is less like the track than the one before by more than this may be of a face that is just changing."""
SMALL_FALL = 0.05
"""While the picture of a face changes, a sample that is less like the track by more than this is not added to it: the
template would follow a face that dissolves in a second, and the name would stay (22 frames in one of 14)."""
FALLEN = 0.5
"""While the picture of a face changes, a sample less like the track than this share of what is usual is followed by
another one in the next frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What a name needs; from a calibration file."""

    known: float
    """Similarity of the template to the person."""
    release: float
    """Similarity below which a name that was given is withdrawn."""
    margin: float
    """Lead over the next person."""
    sure: float
    """Similarity at which one sample is enough, and at which two tracks of one frame may bear one name."""
    same_track: float | None = None
    """Similarity of a sample to its track's template from which it is the same face; ``release`` when ``None``. A
    model's threshold for FMR 1e-3, whatever the budget: 0.26 for edgeface_xs_q, of which 1 % of 788 samples of one
    track are below 0.31 and 96 % of 28,075 samples of other people below 0.15. At FMR 1e-4 a weaker model, whose
    samples vary more, names less: edgeface_xxs_own 73 instead of 74 % of a TV clip's face-time."""
    evidence: float = 0.5
    """Sum of the samples' weights needed for a name or for "unknown"; a good frontal sample weighs 1."""

    @property
    def same_face(self) -> float:
        """Similarity of a sample to its track's template from which it is the same face."""
        return self.release if self.same_track is None else self.same_track

    @property
    def same_cluster(self) -> float:
        """Mean cosine from which two clusters of unknown people are one: a little more than a name needs.

        ``release`` and ``known`` are an order of magnitude of false matches apart (FMR 1e-4 and 1e-5), and this is
        another half of one: thousands of unknown faces are millions of pairs. Chosen with ``evaluate clusters`` on
        LFW, see ``docs/measurements.md``.
        """
        return self.known + 0.5 * (self.known - self.release)


@dataclass(slots=True)
class Evidence:
    """What is known about one track. A sample is one embedding of its face."""

    first_at: float
    last_at: float
    box: F32
    scores: deque[float] = field(default_factory=lambda: deque(maxlen=FACE_WINDOW))
    """The last verified face scores."""
    frames: int = 0
    """Verified frames."""
    is_face: bool = False
    is_reacquired: bool = False
    """The track was lost and found again; it is not reported until a sample resembles its template."""
    vector_sum: NDArray[np.float64] = field(default_factory=lambda: np.zeros(1))
    """(D,) weighted sum of the samples; of length 1 before the first sample."""
    weight: float = 0.0
    sample_count: int = 0
    usable_count: int = 0
    """Samples in the template that met the limits of quality."""
    outliers: list[tuple[F32, float]] = field(default_factory=list)
    """The last two consecutive samples, with weights, that do not resemble the template."""
    likeness: float = 1.0
    """Similarity of the newest sample to the template before it."""
    template_likeness: float = 1.0
    """The same of the newest sample that was taken while its picture did not change."""
    sample_due_at: float = -math.inf
    sampled_at: float = -math.inf
    largest_px: float = 0.0
    appearance: Appearance = field(default_factory=Appearance)
    """Of the frames in which it had a name."""
    best: FaceQuality | None = None
    """Quality of the sample with the largest weight, one row."""
    best_weight: float = 0.0
    shortfall: str | None = None
    """Why the newest sample cannot tell who it is, as long as no sample could."""
    status: Status = Status.UNDECIDED
    name: str | None = None
    nearest: str | None = None
    rejection: str | None = None
    """Why there is no nearest person, if somebody rejected that match."""
    similarity: float = -1.0
    margin: float = 0.0
    reported: bool = False
    """An event of this track was emitted."""
    reported_name: str | None = None
    """The name in the last event."""

    checks_due: int = 0
    """Samples to take soon: the picture in its box changed as if to another face."""
    is_fallen: bool = False
    """The newest sample was taken for that reason, and is far less like the template than usual."""
    questioned: tuple[F32, float] | None = None
    """The newest sample, with its weight, where it is matched in place of the template, which it was kept out of."""
    has_rival: bool = False
    """The last of the outliers was like another person of the gallery."""

    @property
    def probe(self) -> F32:
        """What to match, (D,) of unit length: the template, or a sample that may be another person's."""
        return self.template if self.questioned is None else self.questioned[0]

    @property
    def template(self) -> F32:
        """Weighted mean of the samples, (D,) of unit length."""
        return unit(self.vector_sum)

    @property
    def is_usable(self) -> bool:
        """Whether any sample met the limits of quality."""
        return self.usable_count > 0

    @property
    def is_doubted(self) -> bool:
        """Whether the newest sample does not resemble the template; its name is withheld until another one does."""
        return bool(self.outliers)

    def add(self, vector: F32, weight: float, *, usable: bool, same_from: float) -> bool:
        """Add a sample to the template, or to the outliers if it does not resemble the template.

        A sample below the limits of quality is neither, once there is a usable one: blurred faces resemble each other.

        Args:
            vector: (D,) of unit length.
            weight: of the sample.
            usable: it meets the limits of quality.
            same_from: similarity to the template from which it is the same face.

        Returns:
            Whether the face is another one than before: two outliers in a row resemble each other.
        """
        self.sample_count += 1
        self.questioned = None
        likeness = float(vector @ self.template) if self.weight else 1.0
        self.is_fallen = usable and self.checks_due > 0 and likeness < FALLEN * self.template_likeness
        if not usable:
            if not self.is_usable:  # something to match, which never gives a name
                self.vector_sum = self.vector_sum + weight * vector
                self.weight += weight
            if not self.is_usable or likeness >= same_from:
                self.is_reacquired = False
            return False
        before_it, self.likeness = self.likeness, likeness
        before = self.outliers[-1][0] if self.outliers else None
        nearer = self.has_rival and before is not None and float(vector @ before) > likeness
        if self.is_usable and (likeness < same_from or nearer):
            self.outliers = [*self.outliers[-1:], (vector, weight)]
            return before is not None and float(vector @ before) >= same_from
        self.outliers.clear()
        self.has_rival = False
        self.is_reacquired = False
        if self.checks_due and self.likeness < before_it - FALL:  # maybe half of another face
            self.checks_due = CHECKS
            self._question(vector, weight)
            return False
        was_checked, self.checks_due = self.checks_due > 0, max(self.checks_due - 1, 0)
        self.appearance.verify(is_watched=self.name is not None)
        if was_checked and likeness < self.template_likeness - SMALL_FALL:  # maybe a little of another face
            if self.is_fallen:
                self._question(vector, weight)
            return False
        if not was_checked:
            self.template_likeness = likeness
        self.vector_sum = self.vector_sum + weight * vector
        self.weight += weight
        self.usable_count += 1
        return False

    def _question(self, vector: F32, weight: float) -> None:
        if self.name is not None:
            self.questioned = vector, weight

    def answer(self, nearest: str | None, similarity: float, margin: float, *, wanted: Thresholds) -> None:
        """Take the match of the questioned sample: if it is another person's, the track is in doubt.

        Args:
            nearest: person.
            similarity: to that person.
            margin: lead over the next person.
            wanted: what a name needs.
        """
        sample, self.questioned = self.questioned, None
        if sample is not None and nearest != self.name and similarity >= wanted.known and margin >= wanted.margin:
            self.outliers, self.has_rival, self.sample_due_at = [sample], True, -math.inf

    def successor(self, at: float) -> Evidence:
        """Return the evidence of the face that took this one's place; after a loss it must prove to be a face."""
        new = Evidence(at, at, self.box, largest_px=self.largest_px, sample_count=len(self.outliers))
        new.vector_sum = np.sum([weight * vector for vector, weight in self.outliers], axis=0, dtype=np.float64)
        new.weight = sum(weight for _, weight in self.outliers)
        new.usable_count = len(self.outliers)
        if not self.is_reacquired:
            new.scores, new.frames, new.is_face = self.scores.copy(), self.frames, self.is_face
        return new

    def reasons(self, wanted: Thresholds, *, rivals: Sequence[int], min_samples: int) -> Iterator[str]:
        """Say in words what supports the status, or what is missing.

        Args:
            wanted: what a name needs.
            rivals: other tracks in the same picture that bear the name of the nearest person.
            min_samples: samples that a name needs.
        """
        if self.sample_count == 0:
            yield "no sample of the face yet"
            return
        if self.is_doubted:
            wanted_likeness = f"wanted {wanted.same_face:.2f}"
            yield f"the face may have changed: similarity to the track {self.likeness:.2f}, {wanted_likeness}"
        if not self.is_usable and self.shortfall is not None:
            yield self.shortfall
            return
        if self.nearest is None:
            yield self.rejection or "nobody is enrolled"
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
            samples = "1 sample" if self.usable_count == 1 else f"{self.usable_count} samples"
            yield f"evidence {math.floor(100 * self.weight) / 100:.2f} of {wanted.evidence:.2f} ({samples})"
            if self.status is Status.KNOWN and self.similarity >= wanted.sure:
                yield f"a similarity of {wanted.sure:.2f} needs no more evidence"
        elif self.status is Status.UNDECIDED and self.usable_count < min_samples:
            yield f"{self.usable_count} sample so far, wanted {min_samples}"


def _shortcomings(quality: FaceQuality) -> Iterator[str]:
    eyes_px, yaw_deg, score = float(quality.eyes_px[0]), float(quality.yaw_deg[0]), float(quality.score[0])
    if eyes_px < GOOD_EYES_PX / 2:
        yield f"{eyes_px:.0f} px between the eyes, wanted {GOOD_EYES_PX / 2:.0f}"
    if abs(yaw_deg) > 45:
        yield f"head turned {abs(yaw_deg):.0f} degrees, wanted at most 45"
    if score < WEAK_SCORE:
        yield f"face score {score:.2f}, wanted {WEAK_SCORE:.2f}"
