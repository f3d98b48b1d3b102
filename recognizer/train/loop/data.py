"""The stream of training samples: a pure function of the seed and of how many samples were seen.

So a killed run resumes exactly: nothing about the data needs to be saved but one number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from torch import Tensor
from torch.utils.data import IterableDataset

from recognizer.types import I64


@dataclass(frozen=True, slots=True)
class Position:
    """Which samples a process is to see."""

    start: int
    """Samples seen before, over all processes."""
    steps: int
    batch: int
    """Samples of a step, over all processes."""
    rank: int
    processes: int

    def samples(self) -> Iterator[I64]:
        """For each step the numbers of this process's samples, counted from the start of all training."""
        for step in range(self.steps):
            first = self.start + step * self.batch
            yield np.arange(first + self.rank, first + self.batch, self.processes)


Batch = tuple[Tensor, ...]
"""The network's input (B, ...), then what the task knows of each sample (B, ...)."""
Batches = Callable[[Position], IterableDataset[Batch]]
"""A task's samples; where several processes train, it is sent to each of them."""
