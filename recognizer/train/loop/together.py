"""What several processes do together: see the whole batch, and share one softmax.

Sample i of a batch belongs to process i % processes (``data.Position``), so the whole batch has the same order however
many processes there are. Everything here is the identity where there is only one.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed


def processes() -> int:
    """How many work together."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def rank() -> int:
    """Which of them this is, from 0."""
    return distributed.get_rank() if processes() > 1 else 0


def whole(mine: Tensor) -> Tensor:
    """The whole batch (B, ...) from each process's share (B / processes, ...), without a gradient."""
    if processes() == 1:
        return mine
    parts = [torch.empty_like(mine) for _ in range(processes())]
    distributed.all_gather(parts, mine.contiguous())
    return torch.stack(parts, dim=1).flatten(0, 1)


def whole_with_gradient(mine: Tensor) -> Tensor:
    """As ``whole``; the gradients that all processes find for a row are summed.

    They are multiplied by the number of processes, because DistributedDataParallel then takes the mean over processes
    of what the network's weights get: so the losses of the processes are parts that add up to one loss.
    """
    if processes() == 1:
        return mine
    out: Tensor = _Whole.apply(mine)
    return out


class _Whole(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, mine: Tensor) -> Tensor:
        return whole(mine)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        total = gradient.contiguous().clone()
        distributed.all_reduce(total)
        return total[rank() :: processes()] * processes()


def softmax_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross entropy over logits whose columns are spread over processes, averaged over the batch; a scalar.

    Args:
        logits: (B, C_here) float32, the columns that this process holds.
        targets: (B,) the target's column where it is here, else -1.

    Returns:
        The loss of the whole batch, the same in every process; its gradient reaches this process's columns.
    """
    out: Tensor = _SoftmaxLoss.apply(logits, targets)
    return out


class _SoftmaxLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor) -> Tensor:
        several = processes() > 1
        highest = logits.max(dim=1).values
        if several:
            distributed.all_reduce(highest, distributed.ReduceOp.MAX)
        shifted = logits - highest[:, None]
        here = torch.nonzero(targets >= 0).flatten()
        wanted = logits.new_zeros(len(logits))
        wanted[here] = shifted[here, targets[here]]
        shares = shifted.exp_()
        total = shares.sum(dim=1)
        if several:
            distributed.all_reduce(total)
            distributed.all_reduce(wanted)
        shares /= total[:, None]
        ctx.save_for_backward(shares, here, targets)
        return (total.log() - wanted).mean()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        shares, here, targets = ctx.saved_tensors
        out = shares.clone()
        out[here, targets[here]] -= 1
        return out * (gradient / len(shares)), None
