"""Triplets: a face must be nearer to its own person than to others, by a margin; the hard ones are sought.

Schroff, Kalenichenko, Philbin: "FaceNet: A unified embedding for face recognition and clustering", CVPR 2015, eq. 3
and 4. Every pair of one person in the batch is an anchor and a positive. Its negative is semi-hard: the nearest face
of another person that is farther than the positive, because the very nearest are often mislabelled and collapse the
network; where there is none, the farthest of those that are nearer, which is the least hard.
"""

from __future__ import annotations

import torch
from torch import Tensor


def semi_hard(vectors: Tensor, labels: Tensor, *, margin: float) -> Tensor:
    """Mean of max(0, d(a, p) - d(a, n) + margin) over all pairs of one person, d the squared distance of unit vectors.

    Args:
        vectors: (B, D) of unit length.
        labels: (B,) whose face it is.
        margin: 0.2 in the paper.

    Returns:
        A scalar; 0 where the batch holds no pair of one person or only one person.
    """
    distances = (2 - 2 * vectors.float() @ vectors.float().T).clamp(min=0)
    same = labels[:, None] == labels[None, :]
    anchors, positives = torch.nonzero(same & ~torch.eye(len(labels), dtype=torch.bool, device=same.device)).T
    if len(anchors) == 0 or bool(same.all()):
        return distances.sum() * 0
    negatives = chosen_negatives(distances.detach(), same, anchors, positives)
    gaps = distances[anchors, positives] - distances[anchors, negatives] + margin
    return gaps.clamp(min=0).mean()


def chosen_negatives(distances: Tensor, same: Tensor, anchors: Tensor, positives: Tensor) -> Tensor:
    """For each (anchor, positive) the row of its negative: (T,).

    Args:
        distances: (B, B).
        same: (B, B) whether two rows are one person; every anchor has a row that is not.
        anchors: (T,) rows.
        positives: (T,) rows.
    """
    candidates = distances[anchors]
    farther = ~same[anchors] & (candidates > distances[anchors, positives][:, None])
    nearest_farther = candidates.masked_fill(~farther, torch.inf).argmin(dim=1)
    farthest = candidates.masked_fill(same[anchors], -torch.inf).argmax(dim=1)
    return torch.where(farther.any(dim=1), nearest_farther, farthest)
