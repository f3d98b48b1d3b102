"""The loop's inside, whatever the task: the network that learns, its average, and one training step."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import Any, cast

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor, distributed, nn
from torch.optim import SGD, AdamW, Muon, Optimizer

from recognizer.embed import trained
from recognizer.train.embedder.settings import Network
from recognizer.train.loop import together
from recognizer.train.loop.settings import LoopConfig, Method

Batch = tuple[Tensor, Tensor]
"""The network's input (B, 3, S, S) float32, and for each face what the task knows of it."""
Terms = dict[str, tuple[float, Tensor]]
"""By name the weight and the value of each term of the loss."""


class Learner(LightningModule, ABC):
    """A task derives from this and says what its loss is.

    Everything a resumed run needs is in the checkpoint: weights, their average, the optimizers, and the number of
    samples seen, which fixes the schedule, the data and all random draws.
    """

    samples_seen: Tensor
    seconds: Tensor
    """Time spent on training steps, over all sessions."""

    def __init__(self, config: LoopConfig, network: Network) -> None:
        super().__init__()
        self.automatic_optimization = False  # several optimizers
        self.loop = config
        self._network = network
        self.frozen_samples = 0
        """So long the body is left alone."""
        torch.manual_seed(config.seed)
        self.student = start(network)
        """The network that learns, in every task; the name is part of the checkpoints' keys."""
        self.average = copy.deepcopy(self.student).requires_grad_(False)
        self.register_buffer("samples_seen", torch.zeros((), dtype=torch.int64))
        self.register_buffer("seconds", torch.zeros(()))  # in single precision, the only one that Apple's GPUs have

    @abstractmethod
    def terms(self, batch: Batch) -> Terms:
        """The losses that count, by name, each with its weight."""

    def learned(self, batch: Batch, rate: float) -> None:
        """What a task does after the optimizers have stepped, before the samples are counted."""

    @property
    def seen(self) -> int:
        """Samples seen so far, over all processes."""
        return int(self.samples_seen)

    def configure_optimizers(self) -> list[Optimizer]:
        """Muon for the matrices of the blocks, AdamW for head, convolutions, scales and biases; or one for all.

        Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024.
        """
        settings = self.loop.optimiser
        matrices, kernels, vectors = sorted_parameters(self.student)
        if settings.method is not Method.MUON:
            kernels = [*matrices, *kernels]
        rest: list[dict[str, Any]] = [
            {"params": kernels, "weight_decay": settings.weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ]
        if settings.method is Method.SGD:
            return [SGD(rest, lr=settings.rate, momentum=0.9)]
        adam = AdamW(rest, lr=settings.rate, betas=(0.9, 0.98))
        if settings.matrix_rate is None:
            return [adam]
        muon = Muon(
            matrices, lr=settings.matrix_rate, weight_decay=settings.weight_decay, adjust_lr_fn="match_rms_adamw"
        )
        return [muon, adam]

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """One step of all optimizers on this process's share of the batch."""
        torch.manual_seed((self.loop.seed * 1_000_003 + self.seen) * 1_009 + together.rank())  # dropout, after a kill
        frozen = self.seen < self.frozen_samples
        set_training(self.student, frozen=frozen)
        terms = self.terms(batch)
        total = sum((weight * loss for weight, loss in terms.values()), torch.zeros((), device=self.device))
        optimizers = self._optimizers()
        share = self.loop.schedule.rate(self.seen)
        for optimizer, rate in zip(optimizers, self._full_rates(), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * share
            optimizer.zero_grad()
        self.manual_backward(total)
        if frozen:
            for name, parameter in self.student.named_parameters():
                if not name.startswith(trained.LAST_LAYERS):
                    parameter.grad = None
        norm = nn.utils.clip_grad_norm_(self.student.parameters(), self.loop.optimiser.clip)
        for optimizer in optimizers:
            optimizer.step()
        self._average()
        self.learned(batch, share)
        self.samples_seen += self.loop.schedule.batch
        shown = {f"train/{name}": loss.detach() for name, (_, loss) in terms.items()} | {"train/gradient": norm}
        self.log_dict(shown, on_step=False, on_epoch=True, sync_dist=False, batch_size=len(batch[0]))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Say what the checkpoint holds, so that it can be used without the file that made it."""
        size_px = self.loop.schedule.size_px(max(0, self.seen - 1))
        checkpoint[trained.SELF_DESCRIPTION] = trained.described(self._network.name, self._network.rank_ratio, size_px)

    def _optimizers(self) -> list[LightningOptimizer]:
        found = self.optimizers()
        return cast(list[LightningOptimizer], found if isinstance(found, list) else [found])

    def _full_rates(self) -> list[float]:
        settings = self.loop.optimiser
        return [settings.rate] if settings.matrix_rate is None else [settings.matrix_rate, settings.rate]

    @torch.no_grad()
    def _average(self) -> None:
        batch = self.loop.schedule.batch
        steps = self.seen // batch
        memory = min(1 - batch / self.loop.optimiser.ema_samples, (1 + steps) / (10 + steps))
        for kept, now in zip(self.average.parameters(), self.student.parameters(), strict=True):
            kept.lerp_(now, 1 - memory)
        for known, fresh in zip(self.average.buffers(), self.student.buffers(), strict=True):
            if not fresh.is_floating_point():
                known.copy_(fresh)
                continue
            if together.processes() > 1:  # what batch normalisation has seen: each process saw only its share
                distributed.all_reduce(fresh)
                fresh.div_(together.processes())
            known.lerp_(fresh, 1 - memory)


def start(network: Network) -> nn.Module:
    """A network with random weights, ready to learn; EdgeFace's branches begin at ``layer_scale``, not at 1e-6."""
    student = trained.create(network.name, network.rank_ratio).train()
    for key, parameter in student.named_parameters():
        if key.rpartition(".")[2] in ("gamma", "gamma_xca"):
            nn.init.constant_(parameter, network.layer_scale)
    return student


def set_training(student: nn.Module, *, frozen: bool) -> None:
    """Training mode; of a frozen body only for the last layer, so that batch normalisation keeps what it knows."""
    for name, module in student.named_modules():
        module.training = not frozen or f"{name}.".startswith(trained.LAST_LAYERS)


def sorted_parameters(student: nn.Module) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Split into matrices of the blocks, other weights of two and more dimensions, and vectors (not decayed)."""
    named = [(name, p) for name, p in student.named_parameters() if p.requires_grad]
    inside = {name for name, p in named if p.ndim == 2 and ".head." not in name}
    return (
        [p for name, p in named if name in inside],
        [p for name, p in named if name not in inside and p.ndim > 1 and "temperature" not in name],
        [p for name, p in named if p.ndim <= 1 or "temperature" in name],
    )
