"""The vector of a photo: the mean of several cuts of its face, and how much they agree.

A detector's landmarks are off by a few percent of the face, and so is every cut made by them. The mean of a few cuts
beside each other is nearer to the person than one. LFW, 300 people, probes made small, blurred or half covered: of
2,388 probes 8 more are named at the same FMR of 1e-4 and none fewer; keeping the cuts as several vectors of the
person raises the threshold instead and names fewer at 1e-5 (``docs/measurements.md``, "Quality").
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from recognizer.align import align
from recognizer.gallery.records import Finding, Note
from recognizer.geometry import similarity_transforms, unit_rows
from recognizer.protocols import Embedder
from recognizer.types import CROP_SIZE_PX, F32, U8, AlignedFaces, FaceDetections

JITTERS = ((1.0, 0.0), (0.94, 0.0), (1.06, 0.0), (1.0, 0.06), (1.0, -0.06))
"""Scale, and shift to the side in distances between the eyes; nine cuts, with shifts up and down and turns, gain one
or two probes more at twice the work."""
CUTS = 2 * len(JITTERS)
"""Crops of a photo that are embedded at once: each and its mirror image."""

TIGHT = 0.3
"""Share of the aligned face beyond the photo's edge from which a photo is cut too tight."""
TIGHT_COSTS = "of 100 LFW photos cut so, 6 to 19 do not match another photo of their person, uncut 3"
"""Measured at 1.1 to 0.8 widths of the face's box, where a median of 41 to 66 % of the aligned face lies outside; at
1.3 widths it is 22 %, and 4 do not match."""
STEADY = 0.95
"""Agreement below which a vector depends on how exactly the face is cut: of 100 LFW photos all but one have 0.972."""


class PhotoVector(NamedTuple):
    """What a photo's face is, to the network."""

    aligned: AlignedFaces
    """The face as it is cut, one row."""
    vector: F32
    """(D,) of unit length: the mean of all cuts and their mirror images."""
    agreement: float
    """Least cosine of a cut, with its mirror image, to that mean."""
    outside: float
    """Share of the aligned face that lies beyond the photo's edge."""


def photo_vector(image: U8, face: FaceDetections, embedder: Embedder) -> PhotoVector:
    """Cut and embed the face of one detection (one row) in an (H, W, 3) uint8 BGR photo."""
    eyes = face.landmarks[0, 1] - face.landmarks[0, 0]
    middle = face.landmarks[0].mean(axis=0)
    shifts = np.array([shift for _, shift in JITTERS], np.float32)[:, None] * eyes
    scales = np.array([scale for scale, _ in JITTERS], np.float32)

    def moved(points: F32) -> F32:
        """Scale and shift (P, 2) points by every jitter: (J, P, 2)."""
        return np.asarray((points - middle) * scales[:, None, None] + middle + shifts[:, None], np.float32)

    landmarks, boxes = moved(face.landmarks[0]), moved(face.boxes[0].reshape(2, 2)).reshape(-1, 4)
    scores = np.repeat(face.scores, len(JITTERS))
    cuts = align(image, landmarks, scores, cut=embedder.spec.crop, boxes=boxes)
    both = np.ascontiguousarray(np.concatenate([cuts.crops, cuts.crops[:, :, ::-1]]))
    rows = np.tile(np.arange(len(JITTERS)), 2)
    vectors = embedder.embed(AlignedFaces(both, cuts.quality[rows])).vectors
    pairs = unit_rows(vectors[: len(JITTERS)] + vectors[len(JITTERS) :])
    vector = unit_rows(vectors.sum(axis=0, keepdims=True))[0]
    return PhotoVector(cuts[:1], vector, float((pairs @ vector).min()), _outside(image, face.landmarks))


def cut_notes(outside: float, agreement: float) -> tuple[Note, ...]:
    """Say what is wrong with how a photo is cut, what it costs and what to do; nothing for nearly all photos."""
    notes = []
    if outside > TIGHT:
        text = f"cut too tight: {100 * outside:.0f} % of the aligned face lies beyond the photo's edge"
        notes.append(Note(Finding.CUT_TOO_TIGHT, text + f" ({TIGHT_COSTS}); use the photo as it was before"))
    if agreement < STEADY:
        text = f"its vector depends on how exactly the face is cut: agreement {agreement:.2f}, wanted {STEADY:.2f}"
        notes.append(Note(Finding.UNSTEADY, text + "; add a photo that is sharp, evenly lit and uncovered"))
    return tuple(notes)


def _outside(image: U8, landmarks: F32) -> float:
    """Share of the aligned crop, (112, 112) px, that lies beyond the edge of the photo."""
    inside = np.ones(image.shape[:2], np.uint8)
    size = (CROP_SIZE_PX, CROP_SIZE_PX)
    seen = cv2.warpAffine(inside, similarity_transforms(landmarks)[0], size, flags=cv2.INTER_NEAREST)
    return 1 - float(seen.mean())
