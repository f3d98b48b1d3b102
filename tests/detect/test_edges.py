"""A photo cut to the face: the nets see grey beyond the picture's edge, not a stretched part of the face."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from recognizer.app import build, config
from recognizer.capture.pictures import read_picture
from recognizer.geometry import centres
from recognizer.types import F32, U8, DetectionMode, FaceDetections

WIDTHS = (1.0, 1.1, 1.3)
"""Side of the cut picture, in widths of the face."""
MEAN_ERROR = 0.03
"""Of the landmarks, in widths of the face. Crops stretched as facenet-pytorch's are give 0.12 at 1.0 face widths, 0.10
at 1.1, 0.03 at 1.3 (60 photos), and keep 0.02, 0.02 and 0.65 of the pictures within it."""


class Cut(NamedTuple):
    """A picture cut to its face."""

    image: U8
    landmarks: F32
    """(5, 2) px in it, as detected in the uncut picture."""
    face_px: float


def most_central(faces: FaceDetections, image: U8) -> FaceDetections:
    """The face whose box is nearest to the middle of the picture; none of none."""
    middle = np.array(image.shape[1::-1], np.float32) / 2
    order = np.linalg.norm(centres(faces.boxes) - middle, axis=1).argsort()
    return faces[order[:1]]


def cut_to_the_face(image: U8, face: FaceDetections, width: float) -> Cut:
    """The square about a face's box with ``width`` times its width as side, as far as there is a picture."""
    x1, y1, x2, y2 = face.boxes[0].tolist()
    reach = width * (x2 - x1) / 2
    middle = np.array([(x1 + x2) / 2, (y1 + y2) / 2])
    left, top = np.maximum(np.rint(middle - reach), 0).astype(int)
    right, bottom = np.minimum(np.rint(middle + reach), image.shape[1::-1]).astype(int)
    landmarks = np.asarray(face.landmarks[0] - (left, top), np.float32)
    return Cut(np.ascontiguousarray(image[top:bottom, left:right]), landmarks, x2 - x1)


def errors(files: list[Path], width: float, *, video: bool) -> list[float]:
    """Mean error of the landmarks in each cut picture, in face widths; infinite where no face was found."""
    settings = config.load()
    photo = build.photo_detector(settings)
    fast = build.video_detector(settings)
    found: list[float] = []
    for file in files:
        image = read_picture(file)
        face = most_central(photo.detect([image])[0], image)
        cut = cut_to_the_face(image, face, width)
        faces = (fast.detect([cut.image], DetectionMode.FULL) if video else photo.detect([cut.image]))[0]
        if len(faces) == 0:
            found.append(np.inf)
            continue
        ours = most_central(faces, cut.image).landmarks[0]
        found.append(float(np.linalg.norm(ours - cut.landmarks, axis=1).mean()) / cut.face_px)
    return found


def check(shared_data: Path, *, pictures: int, width: float, video: bool, share: float) -> None:
    files = sorted((shared_data / "data/lfw/images").glob("*/*_0001.jpg"))
    found = errors(files[:: len(files) // pictures][:pictures], width, video=video)
    within = float(np.mean(np.array(found) < MEAN_ERROR))
    print(
        f"{width}: mean {np.mean(found):.4f}, median {np.median(found):.4f}, within 3 %: {within:.3f} of {len(found)}"
    )
    assert np.mean(found) < MEAN_ERROR
    assert within >= share


@pytest.mark.long
@pytest.mark.weights
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("video", [False, True], ids=["photo", "video"])
def test_a_photo_cut_to_the_face_keeps_its_landmarks(shared_data: Path, width: float, video: bool) -> None:
    check(shared_data, pictures=10, width=width, video=video, share=0.7)


@pytest.mark.weights
@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("video", [False, True], ids=["photo", "video"])
def test_photos_cut_to_the_face_keep_their_landmarks(shared_data: Path, width: float, video: bool) -> None:
    check(shared_data, pictures=400, width=width, video=video, share=0.95)
