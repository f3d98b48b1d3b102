"""Distillation as a task of the loop: a student learns a teacher's vectors."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor
from torch.nn import functional

from recognizer.train.embedder import initial, losses
from recognizer.train.embedder.learner import EmbedderLearner
from recognizer.train.embedder.settings import DistilConfig
from recognizer.train.loop.data import Batch
from recognizer.train.loop.learner import Terms
from recognizer.types import EMBEDDING_SIZE


class Distiller(EmbedderLearner):
    """Teaches a student by regression of the teacher's unit vectors (B, 512); see ``losses`` for the terms."""

    bank: Tensor
    """Teacher vectors of recent samples."""

    def __init__(self, config: DistilConfig) -> None:
        super().__init__(config, config.student)
        self.config = config
        if config.student.initial is not None and not config.last_checkpoint.exists():
            initial.fill_from_graph(self.student, config.student.initial, name=config.student.name)
            self.average.load_state_dict(self.student.state_dict())
        self.register_buffer("bank", torch.zeros(config.losses.bank, EMBEDDING_SIZE))

    def terms(self, batch: Batch) -> Terms:
        """See ``Learner``."""
        faces, teacher = batch
        student = functional.normalize(self.student(faces).float())
        settings = self.config.losses
        terms = {"cosine": (settings.cosine, losses.cosine(student, teacher))}
        if settings.relation:
            terms["relation"] = settings.relation, losses.relation(student, teacher)
        if settings.contrast:
            bank = self.bank[: min(len(self.bank), self.seen)]
            terms["contrast"] = settings.contrast, losses.contrast(student, teacher, bank, settings.temperature)
        return terms

    @torch.no_grad()
    def learned(self, batch: Batch, rate: float) -> None:
        """Put the batch's teacher vectors into the bank."""
        teacher = batch[1]
        if self.config.losses.contrast:
            fresh = cast(Tensor, self.all_gather(teacher)).reshape(-1, teacher.shape[1])
            places = (self.seen + torch.arange(len(fresh), device=fresh.device)) % len(self.bank)
            self.bank[places] = fresh
