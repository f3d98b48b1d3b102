"""Stage 4, ALIGN: cut faces out of the full-resolution frame as the embedder declares, and measure their quality.

A similarity transform takes the five landmarks to the template that a network was trained with, ArcFace's for nearly
all; facenet-pytorch's networks see the detector's box. Which of the quality parts predict a good match was measured
(docs/measurements.md), on ArcFace's crops, so sharpness is measured on those whatever the embedder wants; what follows
from it is decided elsewhere.
"""

from __future__ import annotations

import cv2
import numpy as np

from recognizer.geometry import similarity_transforms
from recognizer.types import F32, U8, AlignedFaces, FaceQuality, Frame, Tracks
from recognizer.types.frame import CropSource, Planes
from recognizer.types.spec import CropSpec, template_of

ARCFACE_CUT = CropSpec()

NOSE_DEPTH = 0.55
"""How far the nose tip stands before the eyes, in distances between the eyes (mean of the 3D heads commonly used for
head-pose estimation). A head turned by theta shows its nose shifted by NOSE_DEPTH * tan(theta) eye distances."""


def align_tracks(frame: Frame, tracks: Tracks, *, cut: CropSpec) -> AlignedFaces:
    """Align the faces of some tracks, from the decoder's planes where a transform does it: no BGR picture is needed."""
    if len(tracks) == 0:
        return AlignedFaces.empty(cut.size_px)
    image = frame.image if cut.template is None else frame.crop_source
    return align(image, tracks.landmarks, tracks.scores, cut=cut, boxes=tracks.boxes)


def align(
    image: CropSource,
    landmarks: F32,
    scores: F32,
    *,
    cut: CropSpec = ARCFACE_CUT,
    boxes: F32 | None = None,
) -> AlignedFaces:
    """Cut faces out.

    Args:
        image: (H, W, 3) uint8 BGR; or planes, if the cut does not go by the box.
        landmarks: (K, 5, 2) px.
        scores: (K,) detector scores, kept as a part of the quality.
        cut: what the embedder declares.
        boxes: (K, 4) px; needed where the cut goes by the box.

    Returns:
        K rows in the same order; what lies outside the picture is black. (68 LFW faces cut to 1.0 face widths, mean
        cosine to the uncut picture's EdgeFace vector: black 0.862, grey 0.848, reflected 0.798, repeated 0.764.)
    """
    if cut.template is None and (boxes is None or isinstance(image, Planes)):
        raise ValueError("align: this cut goes by the box: it needs boxes, and a BGR picture.")
    plain = cut == ARCFACE_CUT
    crops = np.empty((len(landmarks), cut.size_px, cut.size_px, 3), np.uint8)
    sharpness = np.empty(len(landmarks), np.float32)
    for row, matrix in enumerate(similarity_transforms(landmarks, template_of(ARCFACE_CUT))):
        crop = _warped(image, matrix, ARCFACE_CUT.size_px)
        sharpness[row] = measure_sharpness(crop)
        if plain:
            crops[row] = crop[:, :, ::-1]
    if cut.template is None and boxes is not None and not isinstance(image, Planes):
        for row, box in enumerate(boxes):
            crops[row] = _boxed(image, box, cut)[:, :, ::-1]
    elif not plain:
        for row, matrix in enumerate(similarity_transforms(landmarks, template_of(cut))):
            crops[row] = _warped(image, matrix, cut.size_px)[:, :, ::-1]
    eyes_px, yaw_deg, roll_deg = pose(landmarks)
    return AlignedFaces(crops, FaceQuality(eyes_px, sharpness, yaw_deg, roll_deg, scores))


_SECOND = np.array([[1, -2, 1]], np.float32)
_MIXED = np.array([[1, 0, -1], [0, 0, 0], [-1, 0, 1]], np.float32) / 4
_TURNS = np.arange(12) * np.pi / 12
_DIRECTIONS = np.stack([np.cos(_TURNS) ** 2, np.sin(_TURNS) ** 2, np.sin(2 * _TURNS)], axis=1).astype(np.float32)
_FACE = np.s_[30:100, 25:87]


def measure_sharpness(crop: U8) -> float:
    """Sharpness of an aligned face in the direction in which it is least sharp, relative to its contrast.

    The second derivative of the smoothed crop (sigma 1.5 px) has some variance in every direction; the least of 12
    directions counts, divided by the face's standard deviation. A moving face is sharp along one direction only, and
    noise and JPEG blocks are smoothed away. At a pooled FMR of 1e-4 among degraded LFW photos, this keeps 96 % of the
    faces that match, the variance of the Laplacian 78 % (``docs/measurements.md``, "Quality").

    Args:
        crop: (112, 112, 3) uint8 BGR in ArcFace's template.

    Returns:
        About 190 for a sharp photo, 39 after a Gaussian blur of 3 px, 21 after 4 px.
    """
    grey = cv2.GaussianBlur(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY).astype(np.float32), (0, 0), 1.5)
    across, down = cv2.filter2D(grey, -1, _SECOND), cv2.filter2D(grey, -1, _SECOND.T)
    parts = np.stack([part.ravel() for part in (across, down, cv2.filter2D(grey, -1, _MIXED))])
    parts -= parts.mean(axis=1, keepdims=True)
    spread = parts @ parts.T / parts.shape[1]
    least = ((_DIRECTIONS @ spread) * _DIRECTIONS).sum(axis=1).min()
    return float(1500 * max(least, 0.0) / max(float(grey[_FACE].std()), 1.0))


def _warped(image: CropSource, matrix: F32, size_px: int) -> U8:
    """Warp to (size_px, size_px, 3) BGR. From planes, three small pictures are warped and then converted."""
    if not isinstance(image, Planes):
        return _warp(image, matrix, size_px, outside=0)
    of_halves = matrix * np.array([2, 2, 1], np.float32)
    of_halves[:, 2] += matrix[:, :2].sum(axis=1) / 2  # a pixel of the halves lies between two of the brightness
    luma = _warp(image.luma, matrix, size_px, outside=0)
    blue, red = (_warp(plane, of_halves, size_px, outside=128) for plane in (image.blue, image.red))
    return np.asarray(cv2.transform(cv2.merge((luma, blue, red)), image.to_bgr), np.uint8)


def _warp(plane: U8, matrix: F32, size_px: int, *, outside: int) -> U8:
    warped = cv2.warpAffine(plane, matrix, (size_px, size_px), flags=cv2.INTER_LINEAR, borderValue=(outside,) * 3)
    return np.asarray(warped, np.uint8)


def _boxed(image: U8, box: F32, cut: CropSpec) -> U8:
    """Cut out a box with its margin and scale it, as facenet-pytorch's ``extract_face`` does inside the picture.

    Beyond the picture's edge ``extract_face`` clips the box and stretches what is left; here it is filled with black.
    """
    height, width = image.shape[:2]
    margin = cut.margin_px * (box[2:] - box[:2]) / (cut.size_px - cut.margin_px)
    x1, y1 = np.trunc(box[:2] - margin / 2).astype(int)
    x2, y2 = np.trunc(box[2:] + margin / 2).astype(int)
    inside = image[max(y1, 0) : max(y2, 0), max(x1, 0) : max(x2, 0)]
    if inside.size == 0:  # the box lies outside the picture, or has no pixel
        return np.zeros((cut.size_px, cut.size_px, 3), np.uint8)
    above, below, before, behind = (max(0, int(d)) for d in (-y1, y2 - height, -x1, x2 - width))
    if above or below or before or behind:
        bordered = cv2.copyMakeBorder(inside, above, below, before, behind, cv2.BORDER_CONSTANT, value=0)
        inside = np.asarray(bordered, np.uint8)
    return np.asarray(cv2.resize(inside, (cut.size_px, cut.size_px), interpolation=cv2.INTER_AREA), np.uint8)


def pose(landmarks: F32) -> tuple[F32, F32, F32]:
    """Size and pose of faces from their landmarks alone.

    Args:
        landmarks: (K, 5, 2) px.

    Returns:
        Three (K,) arrays: distance between the eyes px, yaw and roll in degrees. Yaw is positive when the nose points
        to the viewer's right; a face in full profile, its eyes one behind the other, has a yaw of 90.
    """
    axis = landmarks[:, 1] - landmarks[:, 0]
    eyes_px = np.hypot(axis[:, 0], axis[:, 1])
    from_middle = landmarks[:, 2] - (landmarks[:, 0] + landmarks[:, 1]) / 2
    along = (from_middle * axis).sum(axis=1) / np.maximum(eyes_px, 1e-6)
    yaw = np.degrees(np.arctan2(along, NOSE_DEPTH * eyes_px))
    down = (landmarks[:, 3:].sum(axis=1) - landmarks[:, :2].sum(axis=1)) / 2  # in profile, the eyes alone say little
    roll = np.degrees(np.arctan2(axis[:, 1] - down[:, 0], axis[:, 0] + down[:, 1]))
    return eyes_px.astype(np.float32), yaw.astype(np.float32), roll.astype(np.float32)
