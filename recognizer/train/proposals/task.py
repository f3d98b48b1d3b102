"""How the proposal net is trained, and tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recognizer.detect.proposals import ProposalNet as Proposals
from recognizer.geometry import iou
from recognizer.protocols import GraphRunner
from recognizer.train.detection.task import HALF, MIN_FACE_PX, Clip, LabelledData, Teacher, confident
from recognizer.train.proposals.loss import centres, loss
from recognizer.train.proposals.network import ProposalNet
from recognizer.train.proposals.scenes import SIDE_PX, Scenes

_ROWS, _COLUMNS = (torch.export.Dim(name, min=2, max=256) for name in ("rows", "columns"))


class ProposalTask:
    """See ``TrainingTask``."""

    outputs: Sequence[str] = ("scores", "distances")
    example = torch.rand(1, 288, 480, 3) * 255
    dynamic: Mapping[int, Any] = MappingProxyType({1: 32 * _ROWS, 2: 32 * _COLUMNS})
    probes: Sequence[tuple[int, int, int, int]] = ((1, 64, 96, 3), (1, 192, 320, 3), (1, 288, 480, 3))

    def __init__(self, *, box_weight: float) -> None:
        self._box_weight = box_weight
        self._points = centres(SIDE_PX, SIDE_PX)[0]

    def network(self) -> ProposalNet:
        """A new one."""
        return ProposalNet()

    def samples(self, data: LabelledData, teacher: Teacher, *, seed: int) -> Scenes:
        """Scenes of all pictures."""
        return Scenes(photos=data.photos, frames=data.frames, crops=data.crops, seed=seed)

    def losses(self, network: Any, batch: Sequence[Tensor]) -> dict[str, Tensor]:
        """Of scenes (B, S, S, 3) uint8, what each cell should answer (B, N) and its face (B, N, 4): see ``targets``."""
        scenes, wanted, boxes = batch
        scores, distances = network.logits(scenes.float())
        focal, apart = loss(scores, distances, self._points, wanted, boxes)
        return {"scores": focal, "boxes": self._box_weight * apart}

    def report(self, graph: GraphRunner, clip: Clip) -> str:
        """Shares of confident and of all faces that are proposed, and how many proposals a frame that takes."""
        finder = Proposals(graph, min_face_px=MIN_FACE_PX)
        hits, sure, count = [], [], 0
        for image, faces in clip:
            boxes = finder.propose(image)
            count += len(boxes)
            hit = iou(faces.boxes, boxes).max(axis=1, initial=0) >= HALF
            hits.append(hit)
            sure.append(hit[confident(faces)])
        found, all_found = np.concatenate(sure).mean(), np.concatenate(hits).mean()
        return f"{found:.3f} of confident, {all_found:.3f} of all faces by {count / len(clip):.0f}"
