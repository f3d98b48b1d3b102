"""How the follow net is trained, and tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from recognizer.detect import follow
from recognizer.geometry import area, iou
from recognizer.protocols import GraphRunner
from recognizer.train.detection.task import HALF, Clip, LabelledData, Teacher, confident
from recognizer.train.follow import places
from recognizer.train.follow.network import FollowNet
from recognizer.train.follow.windows import Windows

SMALL = 0.02
"""Share of the window up to which an error counts by its square."""
SEEN = 0.5
"""Score from which a face counts as found."""
MOVED = 0.25
"""How far, in box sides, faces of the test have moved away."""


class FollowTask:
    """See ``TrainingTask``.

    Args:
        box_weight: of the places' loss, in windows, beside the scores'.
    """

    outputs: Sequence[str] = ("scores", "places")
    example = torch.rand(2, follow.WINDOW_PX, follow.WINDOW_PX, 3) * 255
    dynamic: Mapping[int, Any] = MappingProxyType({0: torch.export.Dim("batch", min=1, max=4096)})
    probes: Sequence[tuple[int, int, int, int]] = (
        (1, follow.WINDOW_PX, follow.WINDOW_PX, 3),
        (5, follow.WINDOW_PX, follow.WINDOW_PX, 3),
    )

    def __init__(self, *, box_weight: float) -> None:
        self._box_weight = box_weight

    def network(self) -> FollowNet:
        """A new one."""
        return FollowNet()

    def samples(self, data: LabelledData, teacher: Teacher, *, seed: int) -> Windows:
        """Windows of all pictures."""
        photos, frames = (places.with_candidates(each, teacher) for each in (data.photos, data.frames))
        crops = places.in_crops(data.crops, teacher.detector, data.crops_file)
        return Windows(photos=photos, frames=frames, crops=crops, seed=seed)

    def losses(self, network: Any, batch: Sequence[Tensor]) -> dict[str, Tensor]:
        """Of windows (B, 40, 40, 3) uint8, 1, 0 or -1 for a face, none or either (B,), and places (B, 14)."""
        windows, wanted, points = batch
        scores, found = network.logits(windows.float())
        counted, faces = wanted >= 0, wanted == 1
        plain = functional.binary_cross_entropy_with_logits(scores[counted], wanted[counted])
        off = functional.smooth_l1_loss(found[faces], points[faces], beta=SMALL, reduction="sum")
        return {"scores": plain, "places": self._box_weight * off / (found.shape[1] * faces.sum().clamp(min=1))}

    def report(self, graph: GraphRunner, clip: Clip) -> str:
        """Shares of confident and of all faces found again after they moved, and how far off the landmarks are."""
        finder = follow.FollowNet(graph)
        hits, sure, off = [], [], []
        for image, faces in clip:
            sides = np.sqrt(area(faces.boxes))
            for angle in np.arange(0, 2 * np.pi, np.pi / 2):
                step = MOVED * sides[:, None] * np.array([np.cos(angle), np.sin(angle)], np.float32)
                again = finder.find(image, (faces.boxes + np.tile(step, 2)).astype(np.float32))
                hit = (np.diag(iou(faces.boxes, again.boxes)) >= HALF) & (again.scores >= SEEN)
                gaps = np.linalg.norm(again.landmarks - faces.landmarks, axis=2).mean(axis=1) / sides
                hits.append(hit)
                sure.append(hit[confident(faces)])
                off.append(gaps[confident(faces) & hit])
        found, all_found = np.concatenate(sure).mean(), np.concatenate(hits).mean()
        landmarks = np.concatenate(off)
        apart = f"landmarks {landmarks.mean():.3f} sides off" if len(landmarks) else "no landmarks"
        return f"{found:.3f} of confident, {all_found:.3f} of all faces, {apart}"
