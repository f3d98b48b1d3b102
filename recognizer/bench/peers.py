"""Other libraries, used as their own documentation or examples do; imported only when needed.

Versions and reasons are in ``requirements-bench.txt``. Each class raises ``Absent`` if its package is not installed, so
that a run reports the missing peers.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Sequence

import numpy as np

from recognizer.app.sections import Detect
from recognizer.types import F32, U8, FaceDetections

FAST_STRIDE = 4
"""Of the FastMTCNN notebook (facenet-pytorch's ``examples``): detection in every fourth frame of a batch, the
boxes copied to the frames between."""


class Absent(Exception):
    """A peer is not installed; the text says what to install."""


class FacenetPyTorch:
    """Run facenet-pytorch's ``MTCNN.detect`` with our thresholds, smallest face and pyramid.

    Args:
        wanted: the settings of our detector.
        threads: of torch, for the whole process.

    Raises:
        Absent: if it is not installed.
    """

    def __init__(self, wanted: Detect, *, threads: int) -> None:
        try:
            import torch
            from facenet_pytorch import MTCNN
        except ImportError as error:
            raise Absent(f"facenet-pytorch: {error}; pip install -r requirements.txt") from error
        torch.set_num_threads(threads)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it calls torch.load the old way, on its own files
            self._mtcnn = MTCNN(
                keep_all=True,
                min_face_size=int(wanted.min_face_px),
                thresholds=[wanted.pnet_threshold, wanted.rnet_threshold, wanted.onet_threshold],
                factor=wanted.factor,
            )

    def detect(self, images: Sequence[U8]) -> list[FaceDetections]:
        """Find the faces of (H, W, 3) BGR pictures of one size, as one batch."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ragged arrays, in its own code
            boxes, scores, points = self._mtcnn.detect([_rgb(image) for image in images], landmarks=True)
        return [_detections(*each) for each in zip(boxes, scores, points, strict=True)]


def _detections(boxes: object, scores: object, points: object) -> FaceDetections:
    if boxes is None:
        return FaceDetections.empty()
    return FaceDetections(
        np.asarray(boxes, np.float32).reshape(-1, 4),
        np.asarray(scores, np.float32).reshape(-1),
        np.asarray(points, np.float32).reshape(-1, 5, 2),
    )


class FastMtcnn:
    """Run ``MTCNN.detect`` on every n-th frame of a batch, and copy its boxes to the frames between."""

    def __init__(self, mtcnn: FacenetPyTorch, *, stride: int = FAST_STRIDE) -> None:
        self._mtcnn = mtcnn
        self.stride = stride

    def boxes(self, frames: Sequence[U8]) -> list[F32]:
        """Return the (N, 4) boxes of each frame of a batch."""
        found = self._mtcnn.detect(frames[:: self.stride])
        return [found[place // self.stride].boxes for place in range(len(frames))]


class FaceRecognition:
    """Run ``face_recognition`` on every frame, as its example ``facerec_from_webcam.py`` does.

    Args:
        photos: name and (H, W, 3) uint8 BGR picture of each person; photos without a face are skipped.

    Raises:
        Absent: if it is not installed.
    """

    def __init__(self, photos: Sequence[tuple[str, U8]]) -> None:
        wanted = ("face_recognition", "face_recognition_models", "dlib", "pkg_resources")
        missing = [name for name in wanted if importlib.util.find_spec(name) is None]
        if missing:  # face_recognition itself ends the process if its models cannot be imported
            raise Absent(f"face_recognition: no {', '.join(missing)} here; see requirements-bench.txt")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # face_recognition_models imports pkg_resources
            import face_recognition
        self._library = face_recognition
        self._names: list[str] = []
        self._known: list[F32] = []
        for name, photo in photos:
            encodings = face_recognition.face_encodings(_rgb(photo))
            if encodings:
                self._names.append(name)
                self._known.append(encodings[0])

    def recognise(self, image: U8) -> tuple[F32, list[str | None]]:
        """Return the (N, 4) boxes of the faces of a BGR picture, and their names."""
        picture = _rgb(image)
        places = self._library.face_locations(picture)
        names: list[str | None] = []
        for encoding in self._library.face_encodings(picture, places):
            matches = self._library.compare_faces(self._known, encoding)
            distances = self._library.face_distance(self._known, encoding)
            nearest = int(np.argmin(distances)) if len(distances) else -1
            names.append(self._names[nearest] if nearest >= 0 and matches[nearest] else None)
        boxes = [(left, top, right, bottom) for top, right, bottom, left in places]
        return np.array(boxes, np.float32).reshape(-1, 4), names


def _rgb(image: U8) -> U8:
    return np.ascontiguousarray(image[:, :, ::-1])
