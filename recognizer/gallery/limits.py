"""Limits on the size, blur, pose and similarity of photos, and the check of a face against them."""

from __future__ import annotations

from dataclasses import dataclass

from recognizer.gallery.records import Finding, Note
from recognizer.types import FaceQuality


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits for photos.

    A photo that misses a *wanted* limit is weak: it counts only where its person has no better one. One that misses a
    *usable* limit never counts. Measured with edgeface_xs_q on 640 LFW photos of 160 people (3 to 6 each),
    degraded one property at a time; the table stands in ``gallery/README.md``.
    """

    wanted_eyes_px: float = 20.0
    """From here up nothing is gained: 98.3 % of genuine pairs above 0.35, as in the full size."""
    usable_eyes_px: float = 10.0
    """93.8 % there, 86.7 % at 8 px, where strangers' similarity begins to rise."""
    wanted_sharpness: float = 35.0
    """One LFW photo in 200 has less; of faces smeared over 16 of the crop's 112 pixels three in four."""
    usable_sharpness: float = 6.0
    """A blur of 3 to 4 pixels of the crop: genuine pairs above 0.35 fall from 85 to 61 %, and blurred strangers
    become alike (99.9th percentile 0.31 to 0.36)."""
    wanted_yaw_deg: float = 60.0
    """Up to here a turned face is never nearer to strangers (99.9th percentile 0.25 to 0.27 at every angle), it only
    finds its person less often; beside frontal photos it helps to find profiles."""
    usable_yaw_deg: float = 80.0
    """Full profile: one eye's place is guessed."""
    wanted_score: float = 0.95
    """The lowest of the 640 photos had 0.98; of the friends clip's non-faces 5 % have more than 0.96."""
    usable_score: float = 0.8
    """The median of those non-faces."""
    same_person: float = 0.25
    """Cosine above which two photos in one folder support each other: all 640 photos have such a sibling; a stranger's
    photo put among somebody's photos has one in fewer than 1 of 100 cases."""
    lookalike: float = 0.45
    """Cosine above which photos in two folders may show one person; the most similar of 160 people reach 0.43."""
    clearly_more: float = 0.1
    """How much more a photo must be like someone else than like its siblings to be refused for it."""
    same_picture: float = 0.95
    """Cosine above which two files are one picture: of photos saved again at 0.7 times the size and JPEG quality 60,
    half reach 0.97; of 1,000 pairs of different photos of a person one does."""


def limits_at(*, known: float, margin: float, sure: float) -> Limits:
    """Limits for a network whose similarities are not EdgeFace's, at the rates where EdgeFace's limits lie.

    Args:
        known: cosine at FMR 1e-5.
        margin: from there to the cosine at FMR 1e-3, which EdgeFace's ``same_person`` is (0.26).
        sure: cosine at FMR 1e-6 and 0.1 more; ``lookalike`` is at 1e-6 (0.44).

    Returns:
        Limits by which only files of one content are one picture: from which cosine on other files are is not known.
    """
    return Limits(same_person=known - margin, lookalike=max(sure - 0.1, known), same_picture=1.0)


def limits_without_likeness() -> Limits:
    """Limits for a network of which nobody has measured how alike faces are to it."""
    return Limits(same_person=-1.0, lookalike=1.0, same_picture=1.0)


def quality_notes(quality: FaceQuality, limits: Limits) -> tuple[list[Note], list[Note]]:
    """List what makes a face (one row) unusable, and what makes it weak, with the measured and the wanted value."""
    eyes_px, sharpness, yaw_deg, _, score = quality.numbers()
    yaw = abs(yaw_deg)
    measured: tuple[tuple[Finding, bool, bool, str], ...] = (
        (
            Finding.TOO_SMALL,
            eyes_px < limits.usable_eyes_px,
            eyes_px < limits.wanted_eyes_px,
            f"{eyes_px:.0f} px between the eyes, wanted {limits.wanted_eyes_px:.0f}",
        ),
        (
            Finding.BLURRED,
            sharpness < limits.usable_sharpness,
            sharpness < limits.wanted_sharpness,
            f"blurred: sharpness {sharpness:.0f}, wanted {limits.wanted_sharpness:.0f}",
        ),
        (
            Finding.EXTREME_POSE,
            yaw > limits.usable_yaw_deg,
            yaw > limits.wanted_yaw_deg,
            f"turned {yaw:.0f} degrees sideways, wanted at most {limits.wanted_yaw_deg:.0f}",
        ),
        (
            Finding.UNSURE_FACE,
            score < limits.usable_score,
            score < limits.wanted_score,
            f"perhaps not a face: detector score {score:.2f}, wanted {limits.wanted_score:.2f}",
        ),
    )
    unusable = [Note(finding, text) for finding, never, _, text in measured if never]
    weak = [Note(finding, text) for finding, never, poor, text in measured if poor and not never]
    return unusable, weak
