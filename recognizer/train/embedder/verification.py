"""The held-out test of an embedder after each round: verification of people it never saw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from recognizer.embed.embedder import normalised
from recognizer.train.crops import FaceRows, in_chunks
from recognizer.train.embedder import heldout
from recognizer.train.embedder.data import shrunk
from recognizer.train.embedder.settings import FaceSchedule
from recognizer.train.embedder.teacher import Teacher
from recognizer.train.loop import together
from recognizer.train.loop.learner import Learner
from recognizer.types import F32

CHUNK = 64
"""Held-out faces that are embedded at once."""


class VerificationTest:
    """Verification on the held-out pairs, at the size the network trains at; the processes share the work.

    Args:
        schedule: of the training.
        faces: a row for each of ``people.owners``.
        people: the pairs.
        teacher: of a distillation; the student's similarity to it is then logged too.
    """

    def __init__(
        self, *, schedule: FaceSchedule, faces: FaceRows, people: heldout.Split, teacher: Teacher | None = None
    ) -> None:
        self._schedule = schedule
        self._faces = faces
        self._people = replace(people, train=(), test=())  # it is sent to other processes, and pictures cannot be
        self._teacher = teacher
        self._wanted: F32 | None = None
        """The teacher's unit vectors of ``faces``, (N, 512)."""

    def __call__(self, learner: Learner) -> tuple[dict[str, float], str]:
        """See ``HeldOutTest``."""
        size_px = self._schedule.size_px(learner.seen - 1)
        plain, mirrored = self._vectors(learner, size_px)
        one, both = heldout.verify(plain, self._people), heldout.verify(plain + mirrored, self._people)
        figures = {
            "heldout/accuracy": one.accuracy,
            "heldout/accuracy_mirrored": both.accuracy,
            "heldout/tar_at_fmr_1e-3": one.tar,
            "heldout/threshold": one.threshold,
            "size_px": float(size_px),
        }
        if self._teacher is not None:
            if self._wanted is None:
                self._wanted = np.concatenate([self._teacher(chunk) for chunk in in_chunks(self._faces)])
            figures["heldout/cosine_to_teacher"] = float((heldout.unit(plain) * self._wanted).sum(axis=1).mean())
        return figures, (
            f"held out, {size_px} px: accuracy {one.accuracy:.4f} (with mirror {both.accuracy:.4f}), "
            f"TAR@1e-3 {one.tar:.3f}"
        )

    def _vectors(self, learner: Learner, size_px: int) -> tuple[F32, F32]:
        """Vectors of all held-out faces, and of their mirror images: (N, 512) each."""
        world, count = together.processes(), len(self._faces)
        mine = np.arange(together.rank(), -(-count // world) * world, world) % count
        small = np.stack([shrunk(self._faces[row], size_px) for row in mine.tolist()])
        chunks = [torch.from_numpy(normalised(small[i : i + CHUNK])) for i in range(0, len(mine), CHUNK)]
        network = learner.average.eval()
        plain, mirrored = (
            together.whole(embed(network, faces))[:count].cpu().numpy()
            for faces in (chunks, (chunk.flip(3) for chunk in chunks))
        )
        return plain, mirrored


def embed(network: nn.Module, batches: Iterable[Tensor]) -> Tensor:
    """Vectors of batches of normalised faces (B, 3, S, S): (N, 512), not of unit length, on the network's device."""
    device = next(network.parameters(), torch.empty(0)).device
    with torch.no_grad():
        return torch.cat([network(faces.to(device)) for faces in batches])
