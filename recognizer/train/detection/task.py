"""What a training of the proposal net or of the follow net brings: the net, its samples, its losses and its test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from recognizer.protocols import Detector, GraphRunner
from recognizer.train.crops import Crops
from recognizer.train.detection.material import Material
from recognizer.types import F32, I64, U8, FaceDetections

Arrays = tuple[NDArray[Any], ...]
"""A batch as it is drawn: pictures (B, S, S, 3) uint8, then the targets of each."""
Clip = Sequence[tuple[U8, FaceDetections]]
"""Frames, and what MTCNN finds in them."""
MIN_FACE_PX = 40
"""Smallest face of the test, as in ``run``."""
CONFIDENT = 0.95
HALF = 0.5
"""Intersection over union from which a box is the face's."""


@dataclass(frozen=True, slots=True)
class Teacher:
    """What labels the training data.

    Args:
        detector: exact MTCNN, and its O-Net.
        propose: candidate boxes (N, 4) px of a picture; only the follow net's training needs them.
    """

    detector: Detector
    propose: Callable[[U8], F32]

    def find(self, picture: U8) -> FaceDetections:
        """All faces of a (H, W, 3) BGR picture."""
        return self.detector.detect([picture])[0]


@dataclass(frozen=True, slots=True, eq=False)
class LabelledData:
    """What the samples are drawn from."""

    photos: Material
    frames: Material
    crops: Crops
    """Aligned faces."""
    crops_file: Path
    """Where they are kept; what is measured on them is kept beside it."""


class SampleGenerator(Protocol):
    """Draws samples, the same for the same numbers; it is sent to another process, so it holds no gigabytes."""

    def batch(self, samples: I64) -> Arrays:
        """The samples of these numbers (B,)."""


class TrainingTask(Protocol):
    """One net, and how it is trained."""

    outputs: Sequence[str]
    """Of its graph."""
    example: Tensor
    """A batch that it takes."""
    dynamic: Mapping[int, Any]
    """What of that varies, by dimension: ``torch.export.Dim``."""
    probes: Sequence[tuple[int, int, int, int]]
    """Shapes on which graph and network are compared."""

    def network(self) -> nn.Module:
        """A new one. Called with (B, H, W, 3) float32 BGR pixels it gives what its graph gives."""

    def samples(self, data: LabelledData, teacher: Teacher, *, seed: int) -> SampleGenerator:
        """What draws the training samples."""

    def losses(self, network: Any, batch: Sequence[Tensor]) -> Mapping[str, Tensor]:
        """The terms of the loss by name; their sum is minimised."""

    def report(self, graph: GraphRunner, clip: Clip) -> str:
        """How good it is on held-out frames, in a few words."""


def confident(faces: FaceDetections) -> NDArray[np.bool_]:
    """Those that count most."""
    return np.asarray(faces.scores >= CONFIDENT)
