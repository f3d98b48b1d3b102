"""Other ways to do the same work, each as its own documentation or example does it; imported only when asked for.

Versions and reasons stand in ``requirements-bench.txt``. Each class refuses with ``Absent`` where its package is not
installed, so that a run names the peers that it had to do without.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import cv2
import numpy as np

from recognizer.config import Detect
from recognizer.types import F32, U8, FaceDetections

FAST_STRIDE = 4
FAST_BATCH = 60
"""Of the FastMTCNN notebook (Guided tour of "fast-mtcnn-detector", timesler, Kaggle 2020; also in facenet-pytorch's
README): detection in every fourth frame of a batch of sixty, the boxes copied to the frames between."""


class Absent(Exception):
    """A peer cannot be had on this machine; the text says what to install."""


class FacenetPyTorch:
    """facenet-pytorch's ``MTCNN.detect`` with the same thresholds, smallest face and pyramid.

    Args:
        wanted: the settings of our own detector.
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
            warnings.simplefilter("ignore")  # it calls torch.load in the old way; its files are its own
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
            boxes, scores, points = self._mtcnn.detect(
                [cv2.cvtColor(image, cv2.COLOR_BGR2RGB) for image in images], landmarks=True
            )
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
    """FastMTCNN: ``MTCNN.detect`` on every n-th frame of a batch, boxes copied to the frames between."""

    def __init__(self, mtcnn: FacenetPyTorch, *, stride: int = FAST_STRIDE) -> None:
        self._mtcnn = mtcnn
        self.stride = stride

    def boxes(self, frames: Sequence[U8]) -> list[F32]:
        """The (N, 4) boxes that it has for each of a batch of frames."""
        found = self._mtcnn.detect(frames[:: self.stride])
        return [found[place // self.stride].boxes for place in range(len(frames))]
