"""What makes a student's vectors like the teacher's. All vectors are (B, 512) of unit length; losses are scalars.

One idea a function; each is derived a second time in the tests.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def cosine(student: Tensor, teacher: Tensor) -> Tensor:
    """One minus the mean cosine; for unit vectors half the squared distance, so this is embedding regression too."""
    return 1 - (student * teacher).sum(dim=1).mean()


def relation(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared difference between the two cosine matrices of the batch, without their diagonals.

    Park et al., "Relational knowledge distillation", CVPR 2019, with cosines in place of distances: what verification
    compares is student with student.
    """
    gap = (student @ student.T - teacher @ teacher.T).square()
    count = len(student)
    return (gap.sum() - gap.diagonal().sum()) / (count * (count - 1))


def contrast(student: Tensor, teacher: Tensor, bank: Tensor, temperature: float) -> Tensor:
    """How far the student ranks the teacher's vectors of many faces otherwise than the teacher does, in nats.

    Fang et al., "SEED: Self-supervised distillation for visual representation", ICLR 2021: Kullback-Leibler divergence
    between two softmaxes of cosines. Both compare with the teacher's vectors of this batch and of ``bank`` (M, 512).
    """
    faces = torch.cat([teacher, bank])
    wanted = functional.softmax(teacher @ faces.T / temperature, dim=1)
    came = functional.log_softmax(student @ faces.T / temperature, dim=1)
    return functional.kl_div(came, wanted, reduction="batchmean")
