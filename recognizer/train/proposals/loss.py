"""What the proposal net should have said in each cell, and how wrong it was."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from recognizer.detect import proposals
from recognizer.detect.proposals import STRIDES_PX

SIZES_PX = ((7.0, 22.0), (18.0, 48.0), (40.0, 110.0), (90.0, 500.0))
"""Faces that each grid answers for; they overlap, and a face in both ranges is answered for twice."""
CORE = 0.25
"""A cell whose centre lies within so many sides of a face's centre, or within its own side, must find it."""
ALPHA = 0.75
GAMMA = 2.0


def centres(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Centres (N, 2) px of all cells, and the number (N,) of the grid each is of."""
    counts = torch.tensor([(height // stride) * (width // stride) for stride in STRIDES_PX])
    return torch.from_numpy(proposals.centres(height, width)), torch.arange(len(counts)).repeat_interleave(counts)


def targets(faces: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Who answers for which face.

    Args:
        faces: (M, 5) x1, y1, x2, y2 px and 1 for a face that must be found, 0 for what may be one or not.
        height: of the picture, px.
        width: of the picture, px.

    Returns:
        (N,) 1 where a face must be found, 0 where there is none, -1 where it does not matter; and the (N, 4) boxes.
    """
    points, grids = centres(height, width)
    wanted, boxes = torch.zeros(len(points)), torch.zeros(len(points), 4)
    if len(faces) == 0:
        return wanted, boxes
    ranges = torch.tensor(SIZES_PX)[grids]
    strides = torch.tensor(STRIDES_PX)[grids].float()
    middle = (faces[:, :2] + faces[:, 2:4]) / 2
    size = (faces[:, 2:4] - faces[:, :2]).clamp(min=1).prod(1).sqrt()
    gap = (points[:, None] - middle[None]).abs().amax(2)
    sure = faces[None, :, 4] > 0.5
    mine = (size[None] >= ranges[:, :1]) & (size[None] <= ranges[:, 1:])
    core = gap <= torch.maximum(CORE * size[None], 0.6 * strides[:, None])
    inside = gap <= 0.6 * size[None]
    hits = sure & mine & core
    near = inside & ~hits
    nearest = torch.where(hits, gap / size[None], torch.inf).argmin(1)
    found = hits.any(1)
    wanted[near.any(1)] = -1.0
    wanted[found] = 1.0
    boxes[found] = faces[nearest[found], :4]
    return wanted, boxes


def loss(scores: Tensor, distances: Tensor, points: Tensor, wanted: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Focal loss of all cells, and generalised IoU loss of those that must find a face; both per such cell.

    Lin et al., "Focal loss for dense object detection", ICCV 2017; Rezatofighi et al., "Generalized intersection over
    union", CVPR 2019.

    Args:
        scores: (B, N) logits.
        distances: (B, N, 4) px.
        points: (N, 2) px.
        wanted: (B, N) of ``targets``.
        boxes: (B, N, 4) of ``targets``.
    """
    positive = wanted == 1
    count = positive.sum().clamp(min=1)
    plain = functional.binary_cross_entropy_with_logits(scores, positive.float(), reduction="none")
    chance = scores.sigmoid()
    off = torch.where(positive, 1 - chance, chance)
    weight = torch.where(positive, ALPHA, 1 - ALPHA) * off**GAMMA
    focal = (plain * weight * (wanted >= 0)).sum() / count
    rows, cells = positive.nonzero(as_tuple=True)
    at, away = points[cells], distances[rows, cells]
    mine = torch.cat([at - away[:, :2], at + away[:, 2:]], 1)
    return focal, (1 - _generalised_iou(mine, boxes[rows, cells])).sum() / count


def _generalised_iou(a: Tensor, b: Tensor) -> Tensor:
    inner = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    outer = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(1).clamp(min=1e-6)
    both = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - inner
    return inner / both.clamp(min=1e-6) - (outer - both) / outer
