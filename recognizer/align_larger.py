"""Cut faces out of a larger picture of the same moment, where the frame's own has too few pixels of them."""

from __future__ import annotations

from dataclasses import fields

import cv2
import numpy as np

from recognizer.align import align
from recognizer.types import F32, U8, AlignedFaces, FaceQuality, Frame, Tracks
from recognizer.types.spec import CropSpec

ENOUGH_EYES_PX = 45.0
"""Distance between the eyes from which more pixels add little; the source is at ``decide.weights.GOOD_EYES_PX``."""
ALIKE = 0.7
"""Correlation of two crops of one moment."""
_SMALL = (28, 28)


def align_larger(
    frame: Frame, tracks: Tracks, faces: AlignedFaces, *, cut: CropSpec
) -> tuple[AlignedFaces, tuple[float, ...]]:
    """Replace small faces by those of the larger picture, if one is there and shows the same.

    Args:
        frame: may have a larger picture.
        tracks: K faces in the frame.
        faces: the K faces, aligned from the frame.
        cut: what the embedder declares.

    Returns:
        K rows in the same order; for each that was replaced, the larger picture's time less the frame's, s.
    """
    small = faces.quality.eyes_px < ENOUGH_EYES_PX
    if frame.larger is None or not small.any():
        return faces, ()
    found = frame.larger.find(tracks.ids[small].tolist())
    if found is None:
        return faces, ()
    picture, skew = found
    wanted = tracks[small]
    scale = np.array([picture.width / frame.width, picture.height / frame.height], np.float32)
    image = picture.image if cut.template is None else picture.crop_source
    boxes = (wanted.boxes * np.tile(scale, 2)).astype(np.float32)
    large = align(image, (wanted.landmarks * scale).astype(np.float32), wanted.scores, cut=cut, boxes=boxes)
    rows = np.flatnonzero(small)
    alike = np.array(
        [likeness(faces.crops[row], crop) >= ALIKE for row, crop in zip(rows, large.crops, strict=True)], bool
    )
    better = alike & (large.quality.eyes_px > faces.quality.eyes_px[small])
    frame.larger.compared(alike=int(alike.sum()), unlike=int((~alike).sum()))
    if not better.any():
        return faces, ()
    return _replaced(faces, rows[better], large[better]), (skew,) * int(better.sum())


def likeness(one: U8, other: U8) -> float:
    """Correlate two crops of (S, S, 3) pixels at a size at which only coarse shades count, in [-1, 1]."""
    grey = [_standardised(crop) for crop in (one, other)]
    return float((grey[0] * grey[1]).mean())


def _standardised(crop: U8) -> F32:
    small = cv2.resize(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), _SMALL, interpolation=cv2.INTER_AREA).astype(np.float32)
    small -= small.mean()
    return np.asarray(small / max(float(small.std()), 1.0), np.float32)


def _replaced(faces: AlignedFaces, rows: np.ndarray[tuple[int], np.dtype[np.int64]], by: AlignedFaces) -> AlignedFaces:
    crops = faces.crops.copy()
    crops[rows] = by.crops
    parts = []
    for part in fields(FaceQuality):
        values = getattr(faces.quality, part.name).copy()
        values[rows] = getattr(by.quality, part.name)
        parts.append(values)
    return AlignedFaces(crops, FaceQuality(*parts))
