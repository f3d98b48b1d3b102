"""Partial FC: a centre for each person, spread over processes, of which a step may compute only a share.

An et al., "Partial FC: Training 10 million identities on a single machine", ICCV workshops 2021, and "Killing two
birds with one stone: Efficient and robust training of face recognition CNNs by Partial FC", CVPR 2022. Each process
holds the centres of some people, sees the vectors of the whole batch, and computes its columns of the logits; the
softmax is shared. With a ``share`` below 1 a step takes the people in the batch and, of the others, only as many drawn
at random as make up the share; only centres that took part are changed.

The centres learn by gradient descent with momentum, here and not in an optimizer: its state is then spread with them,
and a run may be resumed with another number of processes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from recognizer.errors import ConfigError
from recognizer.train.embedder.heads import Head
from recognizer.train.loop import together

START_DEVIATION = 0.01
"""Of each coordinate of a centre, as in InsightFace's code."""
_BLOCK = 4096
"""Centres that are drawn from one random stream, so that the start does not depend on how they are spread."""


@dataclass(frozen=True, slots=True)
class Learning:
    """How centres move."""

    rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4


class Centres(nn.Module):
    """Centres of ``people`` people and the softmax over them.

    Args:
        people: over all processes.
        width: of the vectors.
        head: the margin.
        share: of the centres in the softmax of a step, in (0, 1].
        seed: of the start and of all draws.
        start: (people, width) directions to start from; ``None`` for random ones.
    """

    weight: Tensor
    """(people here, width), not of unit length."""
    velocity: Tensor

    def __init__(
        self, *, people: int, width: int, head: Head, share: float = 1.0, seed: int = 0, start: Tensor | None = None
    ) -> None:
        super().__init__()
        self.people = people
        self._width = width
        self._head = head
        self._share = share
        self._seed = seed
        self._start = start
        self._taken: tuple[Tensor, Tensor] | None = None
        self.register_buffer("weight", torch.empty(0, width))
        self.register_buffer("velocity", torch.empty(0, width))
        self.spread()

    def spread(self) -> None:
        """Hold the start of this process's part; to be called once the processes know of each other."""
        first, last = self.bounds()
        if self._start is None:
            self.weight = _start(first, last, self._width, self._seed)
        else:
            self.weight = self._start[first:last] * START_DEVIATION * math.sqrt(self._width)  # as long as random ones
        self.velocity = torch.zeros_like(self.weight)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        """Take as many rows as come: after several processes have trained, Lightning hands back the first one's."""
        for name in ("weight", "velocity"):
            if (rows := state_dict.get(prefix + name)) is not None:
                setattr(self, name, torch.empty_like(rows))
        super()._load_from_state_dict(state_dict, prefix, *others)

    def bounds(self) -> tuple[int, int]:
        """The range of people whose centres this process holds: the first, and the one after the last."""
        rank, processes = together.rank(), together.processes()
        return self.people * rank // processes, self.people * (rank + 1) // processes

    def forward(self, mine: Tensor, labels: Tensor, step: int) -> Tensor:
        """The loss of the whole batch, the same in every process.

        Args:
            mine: (B / processes, width) vectors of this process's faces, of any length.
            labels: (B / processes,) the person of each, in [0, people).
            step: number of the step, which fixes all draws.
        """
        with torch.autocast(mine.device.type, enabled=False):
            vectors, people = together.whole_with_gradient(mine.float()), together.whole(labels)
            chosen = self.chosen(people, step)
            weight = self.weight[chosen].requires_grad_()
            self._taken = chosen, weight
            cosines = functional.normalize(vectors) @ functional.normalize(weight).T
            targets = self._columns(people, chosen)
            here = torch.nonzero(targets >= 0).flatten()
            noise = torch.randn(len(people), generator=self._generator(step)).to(mine.device)
            own = cosines[here, targets[here]]
            lengths = vectors.norm(dim=1)
            logits = cosines.index_put((here, targets[here]), self._head.target(own, lengths[here], noise[here]))
            softmax = together.softmax_loss(self._head.scale * logits, targets)
            return softmax + self._head.penalty(mine.float().norm(dim=1))

    def chosen(self, people: Tensor, step: int) -> Tensor:
        """Which of the centres here take part in a step: sorted rows of ``weight``."""
        first, last = self.bounds()
        count = last - first
        if self._share >= 1:
            return torch.arange(count, device=self.weight.device)
        luck = torch.rand(count, generator=self._generator(step, together.rank())).to(self.weight.device)
        present = people[(people >= first) & (people < last)] - first
        luck[present] = 2.0
        wanted = max(int((luck > 1).sum()), round(self._share * count), 1)
        return luck.topk(wanted).indices.sort().values

    @torch.no_grad()
    def learn(self, learning: Learning, rate: float) -> None:
        """Move the centres of the last step against their gradient, ``rate`` being the share of the full rate.

        Raises:
            RuntimeError: if no loss was computed and sent backwards since the last call.
        """
        chosen, weight = self._taken or (None, None)
        if chosen is None or weight is None or weight.grad is None:
            raise RuntimeError("centres learn after forward and backward")
        velocity = learning.momentum * self.velocity[chosen] + weight.grad + learning.weight_decay * weight
        self.velocity[chosen] = velocity
        self.weight[chosen] -= learning.rate * rate * velocity
        self._taken = None

    def everywhere(self) -> dict[str, Tensor]:
        """All processes' centres and velocities, for a checkpoint; every process must call it."""
        return {"weight": self._joined(self.weight), "velocity": self._joined(self.velocity)}

    def mine_of(self, everyone: Tensor) -> Tensor:
        """This process's rows of a tensor over all people.

        Raises:
            ConfigError: if it is over another number of people.
        """
        if len(everyone) != self.people:
            raise ConfigError(
                f"The checkpoint was trained on {len(everyone):,} people, and data.people now has {self.people:,} that "
                "train: bring the old data back, or begin anew in another folder (out)."
            )
        first, last = self.bounds()
        return everyone[first:last]

    def _joined(self, rows: Tensor) -> Tensor:
        processes = together.processes()
        if processes == 1:
            return rows
        most = -(-self.people // processes)
        padded = functional.pad(rows, (0, 0, 0, most - len(rows)))
        parts = together.whole(padded).reshape(most, processes, -1).unbind(dim=1)
        sizes = [self.people * (r + 1) // processes - self.people * r // processes for r in range(processes)]
        return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])

    def _columns(self, people: Tensor, chosen: Tensor) -> Tensor:
        """Each person's place in ``chosen``, -1 where the centre is another process's."""
        first, last = self.bounds()
        here = (people >= first) & (people < last)
        places = torch.searchsorted(chosen, (people - first).clamp(0, max(last - first - 1, 0)))
        return torch.where(here, places, -1)

    def _generator(self, *parts: int) -> torch.Generator:
        mixed = self._seed
        for part in parts:
            mixed = (mixed * 1_000_003 + part + 1) % (1 << 62)
        return torch.Generator().manual_seed(mixed)


def _start(first: int, last: int, width: int, seed: int) -> Tensor:
    """Centres ``first`` to ``last`` of the start, the same however they are spread."""
    rows = []
    for block in range(first // _BLOCK, -(-last // _BLOCK)):
        drawn = torch.randn(_BLOCK, width, generator=torch.Generator().manual_seed(seed * 1_000_003 + block))
        rows.append(drawn[max(first - block * _BLOCK, 0) : last - block * _BLOCK])
    return torch.cat(rows) * START_DEVIATION
