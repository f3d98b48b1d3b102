"""Stage 4, ALIGN: cut faces out of the full-resolution frame, upright and in place, and measure their quality.

The similarity transform takes the five landmarks to the template that ArcFace and EdgeFace were trained with. Which of
the quality parts predict a good match was measured (README, "Quality"); what follows from them is decided elsewhere.
"""

from __future__ import annotations

import cv2
import numpy as np

from recognizer.geometry import similarity_transforms
from recognizer.types import CROP_SIZE_PX, F32, I64, U8, AlignedFaces, FaceQuality

NOSE_DEPTH = 0.55
"""How far the nose tip stands before the eyes, in distances between the eyes (mean of the 3D heads commonly used for
head-pose estimation). A head turned by theta shows its nose shifted by NOSE_DEPTH * tan(theta) eye distances."""


def align(image: U8, landmarks: F32, scores: F32, track_ids: I64) -> AlignedFaces:
    """Cut faces to 112 x 112.

    Args:
        image: (H, W, 3) uint8 BGR.
        landmarks: (K, 5, 2) px.
        scores: (K,) detector scores, kept as a part of the quality.
        track_ids: (K,) int64.

    Returns:
        K rows in the same order; what lies outside the picture is black.
    """
    crops = np.empty((len(landmarks), CROP_SIZE_PX, CROP_SIZE_PX, 3), np.uint8)
    sharpness = np.empty(len(landmarks), np.float32)
    for row, matrix in enumerate(similarity_transforms(landmarks)):
        crop = cv2.warpAffine(image, matrix, (CROP_SIZE_PX, CROP_SIZE_PX), flags=cv2.INTER_LINEAR)
        crops[row] = crop[:, :, ::-1]
        sharpness[row] = cv2.Laplacian(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), cv2.CV_32F).var()
    eyes_px, yaw_deg, roll_deg = pose(landmarks)
    return AlignedFaces(crops, track_ids, FaceQuality(eyes_px, sharpness, yaw_deg, roll_deg, scores))


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
    roll = np.degrees(np.arctan2(axis[:, 1], axis[:, 0]))
    return eyes_px.astype(np.float32), yaw.astype(np.float32), roll.astype(np.float32)
