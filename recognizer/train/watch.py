"""After each round: test the averaged student on people it never saw, log it, and say where we are."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import cast

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from loguru import logger
from torch import Tensor, nn

from recognizer.embed.embedder import normalised
from recognizer.train import heldout
from recognizer.train.crops import Crops
from recognizer.train.data import shrunk
from recognizer.train.distiller import Distiller
from recognizer.train.settings import DistilConfig
from recognizer.train.teacher import Teacher
from recognizer.types import F32

CHUNK = 64
"""Held-out faces that are embedded at once."""


class HeldOutTest(Callback):
    """Verification on the held-out pairs, at the size the student trains at; the processes share the work."""

    def __init__(self, *, config: DistilConfig, faces: Crops, people: heldout.Split, teacher: Teacher) -> None:
        self._config = config
        self._faces = faces
        self._people = people
        self._teacher = teacher
        self._wanted: F32 | None = None
        self._begun = 0.0

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._begun = time.monotonic()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Test, log, report."""
        student = distiller(pl_module)
        schedule = self._config.schedule
        seconds = max(time.monotonic() - self._begun, 1e-9)
        student.seconds += seconds
        size_px = schedule.size_px(student.seen - 1)
        plain, mirrored, wanted = self._vectors(trainer, student, size_px)
        one, both = heldout.judge(plain, self._people), heldout.judge(plain + mirrored, self._people)
        cosine = float((heldout.unit(plain) * wanted).sum(axis=1).mean())
        speed = trainer.num_training_batches * schedule.batch / seconds
        student.log_dict(
            {
                "heldout/accuracy": one.accuracy,
                "heldout/accuracy_mirrored": both.accuracy,
                "heldout/tar_at_fmr_1e-3": one.tar,
                "heldout/threshold": one.threshold,
                "heldout/cosine_to_teacher": cosine,
                "size_px": float(size_px),
                "rate": schedule.rate(student.seen - 1),
                "samples_per_s": speed,
                "step": float(student.seen),  # Lightning's name for the horizontal axis
            }
        )
        if trainer.is_global_zero:
            logger.info(
                "{:,} of {:,} samples, {} px, {:.0f}/s, {:.1f} h left | train cosine {:.4f} | "
                "held out: accuracy {:.4f} (with mirror {:.4f}), TAR@1e-3 {:.3f}, cosine {:.4f}",
                student.seen,
                schedule.samples,
                size_px,
                speed,
                (schedule.samples - student.seen) / speed / 3600,
                1 - float(trainer.callback_metrics["train/cosine"]),
                one.accuracy,
                both.accuracy,
                one.tar,
                cosine,
            )

    def _vectors(self, trainer: Trainer, student: Distiller, size_px: int) -> tuple[F32, F32, F32]:
        """Vectors of all held-out faces, of their mirror images, and the teacher's (unit length): (N, 512) each."""
        world, count = trainer.world_size, len(self._faces)
        shares = np.arange(-(-count // world) * world).reshape(-1, world) % count
        mine = shares[:, trainer.global_rank]
        pictures = np.stack([self._faces[row] for row in mine])
        starts = range(0, len(mine), CHUNK)
        if self._wanted is None:
            self._wanted = np.concatenate([self._teacher(pictures[i : i + CHUNK]) for i in starts])
        small = np.stack([shrunk(picture, size_px) for picture in pictures])
        chunks = [torch.from_numpy(normalised(small[i : i + CHUNK])) for i in starts]
        network = student.average.eval()
        found = [embed(network, chunks), embed(network, (chunk.flip(3) for chunk in chunks))]
        everyone = cast(Tensor, student.all_gather(torch.stack([*found, torch.from_numpy(self._wanted)])))
        in_order = everyone.reshape(world, 3, len(mine), -1).permute(1, 2, 0, 3).flatten(1, 2)[:, :count].numpy()
        return in_order[0], in_order[1], in_order[2]


class StopAtEnd(Callback):
    """Ends the training when all samples of the schedule were seen."""

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Look whether another step would be one too many."""
        student = distiller(pl_module)
        schedule = student.config.schedule
        trainer.should_stop = trainer.should_stop or student.seen + schedule.batch > schedule.samples


def distiller(module: LightningModule) -> Distiller:
    """What Lightning hands to a callback, as what it is."""
    if not isinstance(module, Distiller):
        raise TypeError(f"this callback watches a Distiller, came {type(module).__name__}")
    return module


def embed(network: nn.Module, batches: Iterable[Tensor]) -> Tensor:
    """Vectors of batches of normalised faces (B, 3, S, S): (N, 512), not of unit length."""
    with torch.no_grad():
        return torch.cat([network(faces) for faces in batches])
