"""What the loop must know of the net that it teaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from recognizer.protocols import GraphRunner
from recognizer.types import U8, FaceDetections

Arrays = tuple[NDArray[Any], ...]
"""A batch as it is drawn: pictures (B, S, S, 3) uint8, then what should be said of them."""
Clip = Sequence[tuple[U8, FaceDetections]]
"""Frames, and what MTCNN finds in them."""
MIN_FACE_PX = 40
"""What is looked for in the test, as ``run`` does."""
CONFIDENT = 0.95
HALF = 0.5
"""Intersection over union from which a box is the face's."""


class Drawer(Protocol):
    """Draws samples, the same for the same numbers; goes to another process, so it holds no gigabytes."""

    def batch(self, first: int, count: int) -> Arrays:
        """The samples ``first`` to ``first + count``."""


class Lesson(Protocol):
    """One net, and how it is taught."""

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

    def losses(self, network: Any, batch: Sequence[Tensor]) -> Mapping[str, Tensor]:
        """What is wrong with its answers; their sum is made small."""

    def found(self, graph: GraphRunner, clip: Clip) -> str:
        """How good it is on frames that nothing was learned from, in a few words."""


def confident(faces: FaceDetections) -> NDArray[np.bool_]:
    """Those that count most."""
    return np.asarray(faces.scores >= CONFIDENT)
