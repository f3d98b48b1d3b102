"""The student, its average, and one training step."""

from __future__ import annotations

import copy
from typing import Any, cast

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import AdamW, Muon, Optimizer

from recognizer.embed import edgeface
from recognizer.train import losses
from recognizer.train.data import Batch
from recognizer.train.settings import DistilConfig


class Distiller(LightningModule):
    """Teaches a student by regression of the teacher's vectors; see ``losses`` for the terms.

    Everything a resumed run needs is in the state dict: weights, their average, the bank of teacher vectors and the
    number of samples seen, which fixes the schedule and the data.
    """

    samples_seen: Tensor
    seconds: Tensor
    """Time spent on training steps, over all sessions."""
    bank: Tensor

    def __init__(self, config: DistilConfig) -> None:
        super().__init__()
        self.automatic_optimization = False  # two optimizers
        self.config = config
        torch.manual_seed(config.seed)
        self.student = start(config.student.name, layer_scale=config.student.layer_scale)
        self.average = copy.deepcopy(self.student).requires_grad_(False)
        self.register_buffer("samples_seen", torch.zeros((), dtype=torch.int64))
        self.register_buffer("seconds", torch.zeros((), dtype=torch.float64))
        self.register_buffer("bank", torch.zeros(config.losses.bank, edgeface.EMBEDDING_SIZE))

    @property
    def seen(self) -> int:
        """Samples seen so far, over all processes."""
        return int(self.samples_seen)

    def configure_optimizers(self) -> list[Optimizer]:
        """Muon for the matrices of the blocks, AdamW for head, convolutions, scales and biases.

        Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024.
        """
        settings = self.config.optimiser
        matrices, kernels, vectors = sorted_parameters(self.student)
        rest: list[dict[str, Any]] = [
            {"params": kernels, "weight_decay": settings.weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ]
        return [
            Muon(
                matrices,
                lr=settings.matrix_rate,
                weight_decay=settings.weight_decay,
                adjust_lr_fn="match_rms_adamw",
            ),
            AdamW(rest, lr=settings.rate, betas=(0.9, 0.98)),
        ]

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """One step of both optimizers on this process's share of the batch."""
        faces, teacher = batch
        student = functional.normalize(self.student(faces))
        terms = self._terms(student, teacher)
        total = sum((weight * loss for weight, loss in terms.values()), torch.zeros(()))
        optimizers = cast(list[LightningOptimizer], self.optimizers())
        share = self.config.schedule.rate(self.seen)
        full = (self.config.optimiser.matrix_rate, self.config.optimiser.rate)
        for optimizer, rate in zip(optimizers, full, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * share
            optimizer.zero_grad()
        self.manual_backward(total)
        norm = nn.utils.clip_grad_norm_(self.student.parameters(), self.config.optimiser.clip)
        for optimizer in optimizers:
            optimizer.step()
        self._after_step(teacher)
        shown = {f"train/{name}": loss.detach() for name, (_, loss) in terms.items()} | {"train/gradient": norm}
        self.log_dict(shown, on_step=False, on_epoch=True, sync_dist=False, batch_size=len(faces))

    def _terms(self, student: Tensor, teacher: Tensor) -> dict[str, tuple[float, Tensor]]:
        """The losses that count, by name, each with its weight."""
        settings = self.config.losses
        terms = {"cosine": (settings.cosine, losses.cosine(student, teacher))}
        if settings.relation:
            terms["relation"] = settings.relation, losses.relation(student, teacher)
        if settings.contrast:
            bank = self.bank[: min(len(self.bank), self.seen)]
            terms["contrast"] = settings.contrast, losses.contrast(student, teacher, bank, settings.temperature)
        return terms

    @torch.no_grad()
    def _after_step(self, teacher: Tensor) -> None:
        batch = self.config.schedule.batch
        steps = self.seen // batch
        memory = min(1 - batch / self.config.optimiser.ema_samples, (1 + steps) / (10 + steps))
        for kept, now in zip(self.average.parameters(), self.student.parameters(), strict=True):
            kept.lerp_(now, 1 - memory)
        if self.config.losses.contrast:
            fresh = cast(Tensor, self.all_gather(teacher)).reshape(-1, teacher.shape[1])
            places = (self.seen + torch.arange(len(fresh))) % len(self.bank)
            self.bank[places] = fresh
        self.samples_seen += batch


def start(name: str, *, layer_scale: float) -> edgeface.EdgeFace:
    """A student with random weights, ready to learn; its branches begin at ``layer_scale`` instead of timm's 1e-6."""
    student = edgeface.create(name).train()
    for key, parameter in student.named_parameters():
        if key.rpartition(".")[2] in ("gamma", "gamma_xca"):
            nn.init.constant_(parameter, layer_scale)
    return student


def sorted_parameters(student: nn.Module) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Split into matrices of the blocks, other weights of two and more dimensions, and vectors (not decayed)."""
    named = list(student.named_parameters())
    inside = {name for name, p in named if p.ndim == 2 and ".head." not in name}
    return (
        [p for name, p in named if name in inside],
        [p for name, p in named if name not in inside and p.ndim > 1 and "temperature" not in name],
        [p for name, p in named if p.ndim <= 1 or "temperature" in name],
    )
