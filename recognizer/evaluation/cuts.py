"""Ways to cut out a face that the detector's landmarks fit badly, turned or small ones, compared by whom they name.

Each way gives one or several aligned crops of a face; its vector is the mean of theirs and their mirror images'. What
recognition does is ``as found``; the others were tried and are kept to be tried again with another detector or model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from recognizer.align import align, pose
from recognizer.gallery.landmark_spread import landmark_passes
from recognizer.gallery.photo_vector import JITTERS
from recognizer.geometry import ARCFACE_TEMPLATE, similarity_transforms
from recognizer.protocols import Detector
from recognizer.types import CROP_SIZE_PX, F32, U8, FaceDetections

SEEN_FROM = 0.5
"""Score of an O-Net pass whose landmarks count."""
TURNED_DEG = 40.0
"""Yaw from which the far side's landmarks are dropped."""
_LEFT, _RIGHT = [0, 2, 3], [1, 2, 4]
_MIRRORED = [1, 0, 2, 4, 3]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to cut out a face."""

    name: str
    cut: Callable[[U8, FaceDetections, Detector], U8]
    """From a picture (H, W, 3) BGR, one face in it and the detector: (C, 112, 112, 3) uint8 RGB, C crops."""


def _of_landmarks(place: Callable[[U8, FaceDetections, Detector], F32]) -> Callable[[U8, FaceDetections, Detector], U8]:
    """Cut as ``align`` does, by the landmarks (C, 5, 2) that ``place`` gives."""

    def cut(image: U8, face: FaceDetections, detector: Detector) -> U8:
        landmarks = place(image, face, detector)
        return align(image, landmarks, np.ones(len(landmarks), np.float32)).crops

    return cut


def _as_found(image: U8, face: FaceDetections, detector: Detector) -> F32:
    return face.landmarks


def _second_pass(image: U8, face: FaceDetections, detector: Detector) -> F32:
    """O-Net once more, on the box that it gave."""
    again = detector.refine(image, face.boxes)
    return again.landmarks if again.scores[0] >= SEEN_FROM else face.landmarks


def _median(image: U8, face: FaceDetections, detector: Detector) -> F32:
    return np.asarray(np.median(landmark_passes(image, face, detector), axis=0, keepdims=True), np.float32)


def _with_mirrored(image: U8, face: FaceDetections, detector: Detector) -> F32:
    """The mean of O-Net's landmarks on the face and on its mirror image."""
    width = np.float32(image.shape[1] - 1)
    mirror = np.ascontiguousarray(image[:, ::-1])
    box = face.boxes.copy()
    box[:, [0, 2]] = width - face.boxes[:, [2, 0]]
    seen = detector.refine(mirror, box)
    if seen.scores[0] < SEEN_FROM:
        return face.landmarks
    back = seen.landmarks[:, _MIRRORED].copy()
    back[..., 0] = width - back[..., 0]
    return np.asarray((back + _second_pass(image, face, detector)) / 2, np.float32)


def _followed(image: U8, face: FaceDetections, detector: Detector) -> F32:
    """The mean of O-Net's landmarks and the follow net's, whose window is larger."""
    seen = detector.refine(image, face.boxes, np.zeros(1, bool))
    return np.asarray((seen.landmarks + face.landmarks) / 2, np.float32)


def _follow_alone(image: U8, face: FaceDetections, detector: Detector) -> F32:
    return detector.refine(image, face.boxes, np.zeros(1, bool)).landmarks


def _five_cuts(image: U8, face: FaceDetections, detector: Detector) -> F32:
    """As enrolment does it."""
    eyes, middle = face.landmarks[0, 1] - face.landmarks[0, 0], face.landmarks[0].mean(axis=0)
    return np.stack([(face.landmarks[0] - middle) * scale + middle + shift * eyes for scale, shift in JITTERS])


def _visible_side(image: U8, face: FaceDetections, detector: Detector) -> U8:
    """By the eye, nose and mouth corner of the side that is seen, to where such points lie when a head is turned."""
    yaw = float(pose(face.landmarks)[1][0])
    if abs(yaw) < TURNED_DEG:
        return align(image, face.landmarks, face.scores).crops
    points = _RIGHT if yaw < 0 else _LEFT
    matrix = similarity_transforms(face.landmarks[:, points], ARCFACE_TEMPLATE[points])[0]
    return _warped(image, matrix, cv2.INTER_LINEAR)


def _upright_size(image: U8, face: FaceDetections, detector: Detector) -> U8:
    """By eyes' and mouth's middles alone: the size does not depend on how far apart the eyes seem."""
    eyes, mouth = face.landmarks[:, :2].mean(axis=1), face.landmarks[:, 3:].mean(axis=1)
    middles = np.stack([ARCFACE_TEMPLATE[:2].mean(axis=0), ARCFACE_TEMPLATE[3:].mean(axis=0)]).astype(np.float32)
    matrix = similarity_transforms(np.stack([eyes, mouth], axis=1), middles)[0]
    return _warped(image, matrix, cv2.INTER_LINEAR)


def _cubic(image: U8, face: FaceDetections, detector: Detector) -> U8:
    return _warped(image, similarity_transforms(face.landmarks)[0], cv2.INTER_CUBIC)


def _lanczos(image: U8, face: FaceDetections, detector: Detector) -> U8:
    return _warped(image, similarity_transforms(face.landmarks)[0], cv2.INTER_LANCZOS4)


def _warped(image: U8, matrix: F32, interpolation: int) -> U8:
    size = (CROP_SIZE_PX, CROP_SIZE_PX)
    crop = cv2.warpAffine(image, matrix, size, flags=interpolation, borderValue=(0, 0, 0))
    return np.ascontiguousarray(crop[None, :, :, ::-1], np.uint8)


WAYS: Sequence[Way] = (
    Way("as found", _of_landmarks(_as_found)),
    Way("O-Net again", _of_landmarks(_second_pass)),
    Way("O-Net nine times, median", _of_landmarks(_median)),
    Way("O-Net nine times, all crops", _of_landmarks(landmark_passes)),
    Way("O-Net and mirror image", _of_landmarks(_with_mirrored)),
    Way("follow net alone", _of_landmarks(_follow_alone)),
    Way("O-Net and follow net", _of_landmarks(_followed)),
    Way("five crops", _of_landmarks(_five_cuts)),
    Way("visible side", _visible_side),
    Way("middles of eyes and mouth", _upright_size),
    Way("cubic interpolation", _cubic),
    Way("Lanczos interpolation", _lanczos),
)
