"""After each round: test the averaged student on people it never saw, log it, and say where we are."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import cast

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from loguru import logger
from torch import Tensor, nn

from recognizer.embed.embedder import normalised
from recognizer.train.crops import FaceRows
from recognizer.train.embedder import heldout
from recognizer.train.embedder.data import shrunk
from recognizer.train.embedder.teacher import Teacher
from recognizer.train.loop.learner import Learner
from recognizer.train.loop.settings import Schedule
from recognizer.types import F32

CHUNK = 64
"""Held-out faces that are embedded at once."""


class HeldOutTest(Callback):
    """Verification on the held-out pairs, at the size the network trains at; the processes share the work.

    Args:
        schedule: of the training.
        faces: a row for each of ``people.owners``.
        people: the pairs.
        teacher: of a distillation; how near the student has come to it is then logged too.
    """

    def __init__(
        self, *, schedule: Schedule, faces: FaceRows, people: heldout.Split, teacher: Teacher | None = None
    ) -> None:
        self._schedule = schedule
        self._faces = faces
        self._people = replace(people, train=(), test=())  # it is sent to other processes, and pictures cannot be
        self._teacher = teacher
        self._wanted: F32 | None = None
        self._begun = 0.0

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._begun = time.monotonic()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Test, log, report."""
        student = learner(pl_module)
        schedule = self._schedule
        seconds = max(time.monotonic() - self._begun, 1e-9)
        student.seconds += seconds
        size_px = schedule.size_px(student.seen - 1)
        plain, mirrored = self._vectors(trainer, student, size_px)
        one, both = heldout.judge(plain, self._people), heldout.judge(plain + mirrored, self._people)
        speed = trainer.num_training_batches * schedule.batch / seconds
        found = {
            "heldout/accuracy": one.accuracy,
            "heldout/accuracy_mirrored": both.accuracy,
            "heldout/tar_at_fmr_1e-3": one.tar,
            "heldout/threshold": one.threshold,
            "size_px": float(size_px),
            "rate": schedule.rate(student.seen - 1),
            "samples_per_s": speed,
            "step": float(student.seen),  # Lightning's name for the horizontal axis
        }
        if self._teacher is not None:
            found["heldout/cosine_to_teacher"] = float((heldout.unit(plain) * self._taught()).sum(axis=1).mean())
        student.log_dict(found)
        if trainer.is_global_zero:
            losses = {name: value for name, value in trainer.callback_metrics.items() if name.startswith("train/")}
            logger.info(
                "{:,} of {:,} samples, {} px, {:.0f}/s, {} left | {} | "
                "held out: accuracy {:.4f} (with mirror {:.4f}), TAR@1e-3 {:.3f}",
                student.seen,
                schedule.samples,
                size_px,
                speed,
                duration((schedule.samples - student.seen) / speed),
                ", ".join(f"{name.removeprefix('train/')} {float(value):.4f}" for name, value in losses.items()),
                one.accuracy,
                both.accuracy,
                one.tar,
            )

    def _vectors(self, trainer: Trainer, student: Learner, size_px: int) -> tuple[F32, F32]:
        """Vectors of all held-out faces, and of their mirror images: (N, 512) each."""
        world, count = trainer.world_size, len(self._faces)
        shares = np.arange(-(-count // world) * world).reshape(-1, world) % count
        mine = shares[:, trainer.global_rank]
        small = np.stack([shrunk(self._faces[row], size_px) for row in mine])
        starts = range(0, len(mine), CHUNK)
        chunks = [torch.from_numpy(normalised(small[i : i + CHUNK])) for i in starts]
        network = student.average.eval()
        found = [embed(network, chunks), embed(network, (chunk.flip(3) for chunk in chunks))]
        everyone = cast(Tensor, student.all_gather(torch.stack(found)))
        in_order = everyone.reshape(world, 2, len(mine), -1).permute(1, 2, 0, 3).flatten(1, 2)[:, :count].cpu().numpy()
        return in_order[0], in_order[1]

    def _taught(self) -> F32:
        """The teacher's unit vectors of the held-out faces, (N, 512)."""
        if self._wanted is None and self._teacher is not None:
            starts = range(0, len(self._faces), CHUNK)
            rows = [range(i, min(i + CHUNK, len(self._faces))) for i in starts]
            self._wanted = np.concatenate([self._teacher(np.stack([self._faces[r] for r in some])) for some in rows])
        return cast(F32, self._wanted)


class StopAtEnd(Callback):
    """Ends the training when all samples of the schedule were seen."""

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Look whether another step would be one too many."""
        student = learner(pl_module)
        schedule = student.loop.schedule
        trainer.should_stop = trainer.should_stop or student.seen + schedule.batch > schedule.samples


def learner(module: LightningModule) -> Learner:
    """What Lightning hands to a callback, as what it is."""
    if not isinstance(module, Learner):
        raise TypeError(f"this callback watches a Learner, came {type(module).__name__}")
    return module


def duration(seconds: float) -> str:
    """In hours, minutes or seconds, whichever a person would say."""
    if seconds >= 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"


def embed(network: nn.Module, batches: Iterable[Tensor]) -> Tensor:
    """Vectors of batches of normalised faces (B, 3, S, S): (N, 512), not of unit length, where the network is."""
    device = next(network.parameters(), torch.empty(0)).device
    with torch.no_grad():
        return torch.cat([network(faces.to(device)) for faces in batches])
