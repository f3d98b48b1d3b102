"""The stream of training samples: a pure function of the seed and of how many samples were seen.

So a killed run resumes exactly: nothing about the data needs to be saved but one number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader, IterableDataset

from recognizer.train.loop.learner import Batch, Learner
from recognizer.train.loop.settings import LoopConfig
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


Batches = Callable[[Position], IterableDataset[Batch]]
"""A task's samples; where several processes train, it is sent to each of them."""


class RoundByRound(LightningDataModule):
    """A fresh stream for every round, from the samples seen so far on, of whole batches."""

    def __init__(self, *, config: LoopConfig, batches: Batches) -> None:
        super().__init__()
        self._config = config
        self._batches = batches

    def train_dataloader(self) -> DataLoader[Batch]:
        """The next round's batches for this process."""
        if self.trainer is None or not isinstance(self.trainer.lightning_module, Learner):
            raise TypeError("this data can only be read by a Trainer that fits a Learner")
        config, seen = self._config, self.trainer.lightning_module.seen
        left = max(0, config.schedule.samples - seen)
        position = Position(
            start=seen,
            steps=min(config.run.round_samples, left) // config.schedule.batch,
            batch=config.schedule.batch,
            rank=self.trainer.global_rank,
            processes=self.trainer.world_size,
        )
        return DataLoader(self._batches(position), batch_size=None)
