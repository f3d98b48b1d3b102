"""Ways to enrol one photo, compared by whom they name of turned and small faces; enrolment itself does the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from recognizer.align import align
from recognizer.evaluation.turning import turn_head
from recognizer.gallery.photo_vector import JITTERS, photo_vector
from recognizer.geometry import unit_rows
from recognizer.protocols import Detector, Embedder
from recognizer.types import F32, U8, AlignedFaces, FaceDetections

VIEWS_DEG = (-50.0, -30.0, 30.0, 50.0)
"""By which a photo's head is turned, to enrol what it will look like."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One way to enrol a photo."""

    name: str
    vectors: Callable[[U8, FaceDetections, Detector, Embedder], F32]
    """From a photo (H, W, 3) BGR and the face in it, one row: (V, D) unit vectors; the nearest one counts."""


def _mean(image: U8, face: FaceDetections, detector: Detector, embedder: Embedder) -> F32:
    return photo_vector(image, face, embedder).vector[None]


def _one_crop(image: U8, face: FaceDetections, detector: Detector, embedder: Embedder) -> F32:
    straight, mirrored = _both(image, face.landmarks, embedder)
    return unit_rows(straight + mirrored)


def _mirror_apart(image: U8, face: FaceDetections, detector: Detector, embedder: Embedder) -> F32:
    straight, mirrored = _both(image, _moved(face), embedder)
    return unit_rows(np.stack([straight.sum(axis=0), mirrored.sum(axis=0)]))


def _crops_apart(image: U8, face: FaceDetections, detector: Detector, embedder: Embedder) -> F32:
    straight, mirrored = _both(image, _moved(face), embedder)
    return unit_rows(straight + mirrored)


def _views_apart(image: U8, face: FaceDetections, detector: Detector, embedder: Embedder) -> F32:
    return np.concatenate([_mean(image, face, detector, embedder), _views(image, face, detector, embedder)])


def _views_averaged(image: U8, face: FaceDetections, detector: Detector, embedder: Embedder) -> F32:
    every = _views_apart(image, face, detector, embedder)
    return unit_rows(every[:1] + every[1:].sum(axis=0, keepdims=True) / len(VIEWS_DEG))


def _views(image: U8, face: FaceDetections, detector: Detector, embedder: Embedder) -> F32:
    """The face turned by each angle, aligned by the landmarks that the detector finds there."""
    vectors = []
    for angle in VIEWS_DEG:
        turned = turn_head(image, face.landmarks[0], angle)
        seen = detector.detect([turned.image])[0]
        landmarks = seen.landmarks[:1] if len(seen) else turned.landmarks[None]
        straight, mirrored = _both(turned.image, landmarks, embedder)
        vectors.append(straight + mirrored)
    return unit_rows(np.concatenate(vectors))


def _moved(face: FaceDetections) -> F32:
    """The landmarks of enrolment's cuts, (J, 5, 2)."""
    eyes, middle = face.landmarks[0, 1] - face.landmarks[0, 0], face.landmarks[0].mean(axis=0)
    return np.stack([(face.landmarks[0] - middle) * scale + middle + shift * eyes for scale, shift in JITTERS])


def _both(image: U8, landmarks: F32, embedder: Embedder) -> tuple[F32, F32]:
    """The vectors (K, D) of crops by (K, 5, 2) landmarks, and those of their mirror images."""
    cuts = align(image, landmarks, np.ones(len(landmarks), np.float32))
    both = np.ascontiguousarray(np.concatenate([cuts.crops, cuts.crops[:, :, ::-1]]))
    rows = np.tile(np.arange(len(landmarks)), 2)
    vectors = embedder.embed(AlignedFaces(both, cuts.quality[rows])).vectors
    return vectors[: len(landmarks)], vectors[len(landmarks) :]


ENROLMENTS: Sequence[Enrolment] = (
    Enrolment("mean of five crops", _mean),
    Enrolment("one crop", _one_crop),
    Enrolment("mirror image apart", _mirror_apart),
    Enrolment("five crops apart", _crops_apart),
    Enrolment("turned views apart", _views_apart),
    Enrolment("turned views averaged", _views_averaged),
)
