"""What learns, whatever the task: the network, its average, and one training step."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, cast

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor, distributed, nn
from torch.optim import SGD, AdamW, Muon, Optimizer
from torch.utils.data import DataLoader

from recognizer.errors import ConfigError
from recognizer.train.loop import together
from recognizer.train.loop.data import Batch, Batches, Position
from recognizer.train.loop.settings import LoopConfig, Method

Terms = dict[str, tuple[float, Tensor]]
"""By name the weight and the value of each term of the loss."""
_KINDS = frozenset({"betas", "dampening", "ns_steps"})
"""Settings of an optimizer by which AdamW, SGD and Muon differ."""


class Learner(LightningModule, ABC):
    """A task derives from this and says what its loss is.

    Everything a resumed run needs is in the checkpoint: weights, their average, the optimizers, and the number of
    samples seen, which fixes the schedule, the data and all random draws.

    Args:
        config: the file.
        create: makes the network, with random weights.
    """

    betas: ClassVar[tuple[float, float]] = (0.9, 0.999)
    """Of AdamW; torch's own."""
    ema_lead: ClassVar[int] = 0
    """Steps that the memory of the averaged weights counts beyond those before this one."""
    last_layers: ClassVar[tuple[str, ...]] = ()
    """Key prefixes of what learns while the body is frozen."""

    batches: Batches
    """The samples; ``fit`` sets them."""
    samples_seen: Tensor
    seconds: Tensor
    """Time spent on training steps, over all sessions."""

    def __init__(self, config: LoopConfig, create: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.automatic_optimization = False  # several optimizers
        self.loop = config
        self.frozen_samples = 0
        """For so long only the last layers learn."""
        torch.manual_seed(config.seed)
        self.student = create()
        """The network that learns, in every task; the name is part of the checkpoints' keys."""
        self.average = copy.deepcopy(self.student).requires_grad_(False)
        self.register_buffer("samples_seen", torch.zeros((), dtype=torch.int64))
        self.register_buffer("seconds", torch.zeros(()))  # in single precision, the only one that Apple's GPUs have

    @abstractmethod
    def terms(self, batch: Batch) -> Terms:
        """The losses that count, by name, each with its weight."""

    def learned(self, batch: Batch, rate: float) -> None:
        """What a task does after the optimizers have stepped, before the samples are counted."""

    def sorted_parameters(self) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Matrices that Muon may move, other weights that decay, and vectors, which do not."""
        parameters = list(self.student.parameters())
        return [], [p for p in parameters if p.ndim > 1], [p for p in parameters if p.ndim <= 1]

    def clipped(self) -> Iterable[Tensor]:
        """The weights whose gradient is clipped, in the order in which its norm is summed."""
        return self.student.parameters()

    @property
    def seen(self) -> int:
        """Samples seen so far, over all processes."""
        return int(self.samples_seen)

    def configure_optimizers(self) -> list[Optimizer]:
        """Muon for the matrices and AdamW for the rest; or one for all.

        Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024.
        """
        settings = self.loop.optimiser
        matrices, kernels, vectors = self.sorted_parameters()
        if settings.method is not Method.MUON:
            kernels = [*matrices, *kernels]
        rest: list[dict[str, Any]] = [
            {"params": kernels, "weight_decay": settings.weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ]
        if settings.method is Method.SGD:
            return [SGD(rest, lr=settings.rate, momentum=0.9)]
        adam = AdamW(rest, lr=settings.rate, betas=self.betas)
        if settings.matrix_rate is None:
            return [adam]
        muon = Muon(
            matrices, lr=settings.matrix_rate, weight_decay=settings.weight_decay, adjust_lr_fn="match_rms_adamw"
        )
        return [muon, adam]

    def train_dataloader(self) -> DataLoader[Batch]:
        """A fresh stream for every round, from the samples seen so far on; this process's share of whole batches."""
        schedule, seen = self.loop.schedule, self.seen
        steps = min(self.loop.run.round_samples, max(0, schedule.samples - seen)) // schedule.batch
        position = Position(seen, steps, schedule.batch, together.rank(), together.processes())
        return DataLoader(self.batches(position), batch_size=None)

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """One step of all optimizers on this process's share of the batch."""
        torch.manual_seed((self.loop.seed * 1_000_003 + self.seen) * 1_009 + together.rank())  # dropout, after a kill
        frozen = self.seen < self.frozen_samples
        for name, module in self.student.named_modules():  # of a frozen body batch normalisation keeps what it knows
            module.training = not frozen or f"{name}.".startswith(self.last_layers)
        terms = self.terms(batch)
        total = sum((weight * loss for weight, loss in terms.values()), torch.zeros((), device=self.device))
        found = self.optimizers()
        optimizers = cast(list[LightningOptimizer], found if isinstance(found, list) else [found])
        share = self.loop.schedule.rate(self.seen)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = optimizer.defaults["lr"] * share
            optimizer.zero_grad()
        self.manual_backward(total)
        if frozen:
            for name, parameter in self.student.named_parameters():
                if not name.startswith(self.last_layers):
                    parameter.grad = None
        norm = nn.utils.clip_grad_norm_(self.clipped(), self.loop.optimiser.clip)
        for optimizer in optimizers:
            optimizer.step()
        self._average()
        self.learned(batch, share)
        self.samples_seen += self.loop.schedule.batch
        shown = {f"train/{name}": loss.detach() for name, (_, loss) in terms.items()} | {"train/gradient": norm}
        self.log_dict(shown, on_step=False, on_epoch=True, sync_dist=False, batch_size=len(batch[0]))

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse what another network or another method wrote.

        Raises:
            ConfigError: if the checkpoint does not fit the settings.
        """
        states = checkpoint["state_dict"], self.state_dict()
        kept, mine = ({(key, value.shape) for key, value in state.items()} for state in states)
        unlike = sorted(key for key, _ in kept ^ mine)
        methods = [_kind(each.state_dict()) for each in self.configure_optimizers()]
        if unlike or methods != [_kind(each) for each in checkpoint["optimizer_states"]]:
            fault = f"holds another network ({unlike[0]} differs)" if unlike else "has another optimiser.method"
            raise ConfigError(
                f"{self.loop.last_checkpoint} {fault}: bring the old settings back to resume it, or begin anew in "
                "another folder (out)."
            )

    @torch.no_grad()
    def _average(self) -> None:
        batch = self.loop.schedule.batch
        steps = self.seen // batch + self.ema_lead
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


def _kind(optimizer: Mapping[str, Any]) -> list[tuple[list[str], int]]:
    """The method, and how many weights each group holds."""
    return [(sorted(_KINDS & group.keys()), len(group["params"])) for group in optimizer["param_groups"]]
