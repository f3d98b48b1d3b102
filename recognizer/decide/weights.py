"""Stage 7, DECIDE: how much one sample of a face counts in its track's template."""

from __future__ import annotations

import numpy as np

from recognizer.types import F32, FaceQuality

GOOD_EYES_PX = 45.0
"""Distance between the eyes from which more pixels add little (median similarity to oneself 0.41 at 15 to 20 px, 0.54
at 30 to 45, 0.70 at 45 to 60, 0.73 above: two clips, 1,350 faces)."""
WEAK_SCORE = 0.9
"""Face score below which a sample hardly counts: half a face, or none."""
WEAK_FACTOR = 0.1
"""By which the weight of such a sample is multiplied."""
LEAST_SHARE = 0.02
"""Smallest factor that size, or length, contributes: no usable sample counts nothing."""
UNUSABLE_WEIGHT = 1e-6
"""Weight of a sample below the limits of quality: enough to have a template, never enough for a name. The least weight
of a usable sample is 8e-5."""


def weigh(quality: FaceQuality) -> F32:
    """Weight samples by size and pose: pixels between the eyes times the squared cosine of the yaw, (K,) in (0, 1].

    Measured on two clips with one photo a person, rank correlation with the similarity to oneself, pooled and within
    tracks: eyes 0.68 and 0.35, yaw -0.41 and -0.28; sharpness -0.06 and -0.04, face score -0.03 and 0.06 (but below
    0.9 the similarity falls by half). So eyes and yaw count, a low score nearly excludes, sharpness does not count.
    """
    near = size_share(quality.eyes_px)
    frontal = np.maximum(np.cos(np.radians(quality.yaw_deg)), 0.2) ** 2
    return np.asarray(near * frontal * _face_factor(quality), np.float32)


def size_share(eyes_px: F32) -> F32:
    """Return the share of a weight that (K,) pixels between the eyes allow, (K,) in (0, 1]."""
    return np.asarray(np.clip(eyes_px / GOOD_EYES_PX, LEAST_SHARE, 1), np.float32)


def weigh_by_norm(norms: F32, quality: FaceQuality, norm_range: tuple[float, float]) -> F32:
    """Weight samples by the length of their vectors, where the network makes it a measure of quality, (K,) in (0, 1].

    MagFace weights the samples of a template by their length (Meng et al. 2021, section 4.3, "MagFace+"); the length
    already reflects pixels and pose. Not measured here: no MagFace weights are at hand.

    Args:
        norms: (K,) length of the vectors before normalisation.
        quality: K rows.
        norm_range: lengths that weigh nothing and 1.
    """
    low, high = norm_range
    share = np.clip((norms - low) / (high - low), LEAST_SHARE, 1)
    return np.asarray(share * _face_factor(quality), np.float32)


def _face_factor(quality: FaceQuality) -> F32:
    return np.where(quality.score >= WEAK_SCORE, np.float32(1), np.float32(WEAK_FACTOR))
