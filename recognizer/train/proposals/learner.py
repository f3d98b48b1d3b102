"""What learns: the network and its average, one step at a time."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from recognizer.train.proposals.loss import centres, loss
from recognizer.train.proposals.network import ProposalNet
from recognizer.train.proposals.scenes import SIDE_PX
from recognizer.train.proposals.settings import ProposalConfig
from recognizer.train.proposals.stream import Batch


class Learner(LightningModule):
    """Everything a resumed run needs is in the checkpoint; the scenes follow from the number of samples seen."""

    seen: Tensor
    points: Tensor

    def __init__(self, config: ProposalConfig) -> None:
        super().__init__()
        torch.manual_seed(config.seed)
        self._config = config
        self.network = ProposalNet()
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))
        self.register_buffer("points", centres(SIDE_PX, SIDE_PX)[0], persistent=False)

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

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss of a batch."""
        scenes, wanted, boxes = batch
        scores, distances = self.network.logits(scenes.float())
        focal, apart = loss(scores, distances, self.points, wanted, boxes)
        self.log_dict({"train/scores": focal, "train/boxes": apart}, on_step=False, on_epoch=True)
        return focal + self._config.box_weight * apart

    @torch.no_grad()
    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
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
