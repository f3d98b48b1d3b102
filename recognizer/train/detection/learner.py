"""What learns: the network and its average, one step at a time."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from recognizer.train.detection.lesson import Lesson
from recognizer.train.detection.settings import FindingConfig


class Learner(LightningModule):
    """Everything a resumed run needs is in the checkpoint; the samples follow from the number of those seen."""

    seen: Tensor

    def __init__(self, config: FindingConfig, lesson: Lesson) -> None:
        super().__init__()
        torch.manual_seed(config.seed)
        self._config, self._lesson = config, lesson
        self.network = lesson.network()
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW; its rate rises, then falls along a cosine to zero."""
        config = self._config
        parameters = list(self.network.parameters())
        groups = [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": config.weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
        optimiser = AdamW(groups, lr=config.rate)
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": LambdaLR(optimiser, self._share), "interval": "step"},
        }

    def _share(self, step: int) -> float:
        seen = step * self._config.batch
        rise = min(1.0, (seen + self._config.batch) / self._config.warmup)
        return rise * (0.5 + 0.5 * math.cos(math.pi * min(1.0, seen / self._config.samples)))

    def training_step(self, batch: Sequence[Tensor], batch_idx: int) -> Tensor:
        """The loss of a batch."""
        losses = self._lesson.losses(self.network, batch)
        self.log_dict({f"train/{name}": value for name, value in losses.items()}, on_step=False, on_epoch=True)
        return torch.stack(list(losses.values())).sum()

    @torch.no_grad()
    def on_train_batch_end(self, outputs: Any, batch: Sequence[Tensor], batch_idx: int) -> None:
        """Average the weights, and count."""
        batch_size = self._config.batch
        self.seen += batch_size
        steps = int(self.seen) / batch_size
        memory = min(1 - batch_size / self._config.ema_samples, (1 + steps) / (10 + steps))
        for kept, now in zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True):
            if kept.is_floating_point():
                kept.lerp_(now, 1 - memory)
            else:
                kept.copy_(now)
