"""How much a face's landmarks depend on the detector's box: much, where a part of the face is covered.

MTCNN's last net gives five landmarks whether it sees them or not. Of a face that is seen whole it gives the same ones
from boxes beside each other; of a covered one it guesses, and each guess differs. Nothing is learned for that, so it
holds for any cover and any network (``docs/measurements.md``, "Covered faces").
"""

from __future__ import annotations

import numpy as np

from recognizer.align import pose
from recognizer.gallery.records import Finding, Note
from recognizer.protocols import Detector
from recognizer.types import F32, U8, FaceDetections

WANTED_SPREAD = 0.05
"""Of 300 LFW photos 1 % have more."""
USABLE_SPREAD = 0.08
"""None of them has more; of 240 others, for which turned photos were preferred, one: a face found upside down. At
0.07 two more, turned by 46 and 52 degrees, would be refused."""
_SHIFT, _GROWTH = 0.08, 1.12
_MOVES = (
    (0, 0, 1), (-1, 0, 1), (1, 0, 1), (0, -1, 1), (0, 1, 1),
    (0, 0, _GROWTH), (0, 0, 1 / _GROWTH), (1, 1, _GROWTH), (-1, -1, _GROWTH),
)  # fmt: skip
"""The boxes: shifts in ``_SHIFT`` of the face's side to the right and down, and the scale."""
_SEEN_FROM = 0.5
"""Score of a pass whose landmarks count."""


def landmark_passes(image: U8, face: FaceDetections, detector: Detector) -> F32:
    """Find a face's landmarks from nine boxes beside each other.

    Args:
        image: (H, W, 3) uint8 BGR.
        face: one row.
        detector: its ``refine`` places the landmarks.

    Returns:
        (P, 5, 2) px of the passes that saw a face; the face's own if none did.
    """
    middle, half = (face.boxes[0, :2] + face.boxes[0, 2:]) / 2, (face.boxes[0, 2:] - face.boxes[0, :2]) / 2
    side = 2 * np.sqrt(half.prod())
    moves = np.array(_MOVES, np.float32)
    centres, halves = middle + moves[:, :2] * _SHIFT * side, half * moves[:, 2:]
    seen = detector.refine(image, np.concatenate([centres - halves, centres + halves], axis=1).astype(np.float32))
    good = seen.landmarks[seen.scores >= _SEEN_FROM]
    return good if len(good) else face.landmarks


def landmark_spread(passes: F32) -> float:
    """Mean deviation of (P, 5, 2) landmarks from their means, in distances between the eyes of a face seen from before.

    A turned face's eyes seem nearer to each other: by its yaw, the distance is what it would be.
    """
    eyes_px, yaw_deg, _ = pose(passes.mean(axis=0, keepdims=True))
    deviation = float(np.linalg.norm(passes.std(axis=0), axis=1).mean())
    return deviation * float(np.cos(np.radians(yaw_deg[0]))) / max(float(eyes_px[0]), 1.0)


def cover_notes(spread: float) -> tuple[Note, ...]:
    """Say that a face is covered, what that costs and what to do; nothing for nearly all photos."""
    if spread <= WANTED_SPREAD:
        return ()
    finding = Finding.PARTLY_COVERED if spread <= USABLE_SPREAD else Finding.COVERED
    vary = f"its landmarks vary by {100 * spread:.1f} % of the eyes' distance, wanted {100 * WANTED_SPREAD:.0f} %"
    return (Note(finding, f"perhaps covered: {vary}; use a photo without a mask or a hand before the face"),)
