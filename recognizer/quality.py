"""The limits of a face's quality: below them no answer is given, whoever asks.

Enrolment, ``identify``, ``verify``, ``predict``, the Python API and the decision in video all compare a face's parts
with the same limits, so that a photo that is too blurred to enrol is too blurred to be named, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recognizer.types import FaceQuality


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """What a face must have.

    A face that misses a *usable* limit cannot tell whose it is. One that misses only a *wanted* limit is weak: it is
    answered with a note, and enrolled only where its person has no better photo. Measured with edgeface_xs_q on LFW
    photos, degraded one property at a time (``docs/measurements.md``, "Quality").
    """

    wanted_eyes_px: float = 20.0
    """From here up nothing is gained: 98.3 % of genuine pairs above 0.35, as in the full size."""
    usable_eyes_px: float = 10.0
    """93.8 % there, 86.7 % at 8 px, where strangers' similarity begins to rise."""
    wanted_sharpness: float = 35.0
    """Where pairs of equally degraded strangers have an FMR of 3e-5; of 600 LFW photos all have more."""
    usable_sharpness: float = 20.0
    """Where they have 1e-4, ten times the default; a blur of 4 px. Two thirds of the faces below are missed anyway."""
    wanted_yaw_deg: float = 60.0
    """Up to here a turned face is never nearer to strangers (99.9th percentile 0.25 to 0.27 at every angle), it only
    finds its person less often; beside frontal photos it helps to find profiles."""
    usable_yaw_deg: float = 80.0
    """Full profile: one eye's place is guessed."""
    usable_roll_deg: float = 60.0
    """A head that lies or stands on itself: 44 % of pairs of upside-down strangers exceed the threshold of a name.
    Photos are turned upright first; a camera that is mounted turned is said, and turned by ``rotate_deg``."""
    wanted_score: float = 0.95
    """The lowest of 640 LFW photos had 0.98; of the friends clip's non-faces 5 % have more than 0.96."""
    usable_score: float = 0.8
    """The median of those non-faces."""


class Shortfall(NamedTuple):
    """A limit that a face misses."""

    part: str
    """``too_small``, ``blurred``, ``extreme_pose`` or ``unsure_face``."""
    is_unusable: bool
    """False: only the wanted limit is missed."""
    text: str
    """In words, with the measured and the wanted value."""


def shortfalls(quality: FaceQuality, limits: QualityLimits, row: int = 0) -> list[Shortfall]:
    """List the limits that one face misses."""
    eyes_px, sharpness, yaw_deg, roll_deg, score = quality.numbers(row)
    yaw, roll = abs(yaw_deg), abs(roll_deg)
    measured = (
        (
            "too_small",
            eyes_px < limits.usable_eyes_px,
            eyes_px < limits.wanted_eyes_px,
            f"{eyes_px:.0f} px between the eyes, wanted {limits.wanted_eyes_px:.0f}",
        ),
        (
            "blurred",
            sharpness < limits.usable_sharpness,
            sharpness < limits.wanted_sharpness,
            f"blurred: sharpness {sharpness:.0f}, wanted {limits.wanted_sharpness:.0f}",
        ),
        (
            "extreme_pose",
            yaw > limits.usable_yaw_deg,
            yaw > limits.wanted_yaw_deg,
            f"turned {yaw:.0f} degrees sideways, wanted at most {limits.wanted_yaw_deg:.0f}",
        ),
        (
            "extreme_pose",
            roll > limits.usable_roll_deg,
            roll > limits.usable_roll_deg,
            f"head tilted {roll:.0f} degrees, wanted at most {limits.usable_roll_deg:.0f}",
        ),
        (
            "unsure_face",
            score < limits.usable_score,
            score < limits.wanted_score,
            f"perhaps not a face: detector score {score:.2f}, wanted {limits.wanted_score:.2f}",
        ),
    )
    return [Shortfall(part, never, text) for part, never, poor, text in measured if never or poor]


def are_usable(quality: FaceQuality, limits: QualityLimits) -> NDArray[np.bool_]:
    """Tell which faces can say whose they are, (K,) bool: those that miss no usable limit."""
    return (
        (quality.eyes_px >= limits.usable_eyes_px)
        & (quality.sharpness >= limits.usable_sharpness)
        & (np.abs(quality.yaw_deg) <= limits.usable_yaw_deg)
        & (np.abs(quality.roll_deg) <= limits.usable_roll_deg)
        & (quality.score >= limits.usable_score)
    )


def cannot_tell(quality: FaceQuality, limits: QualityLimits, row: int = 0) -> str | None:
    """Say why one face cannot tell whose it is: ``cannot tell: blurred ...``; ``None`` where it can."""
    missed = [shortfall.text for shortfall in shortfalls(quality, limits, row) if shortfall.is_unusable]
    return f"cannot tell: {'; '.join(missed)}" if missed else None
