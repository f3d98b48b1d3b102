"""Learning from people as a task of the loop: a margin softmax over centres, or triplets."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn import functional

from recognizer.train.embedder import triplet
from recognizer.train.embedder.centres import Centres, Learning
from recognizer.train.embedder.learner import EmbedderLearner
from recognizer.train.embedder.settings import PeopleConfig
from recognizer.train.loop import together
from recognizer.train.loop.data import Batch
from recognizer.train.loop.learner import Terms
from recognizer.types import EMBEDDING_SIZE

SPREAD = ("weight", "velocity")
"""What of the centres lies in several processes, and whole in a checkpoint."""


class Classifier(EmbedderLearner):
    """Pulls the faces of one person to the person's centre, by the head of the settings.

    Args:
        config: the file.
        people: how many the training data holds.
        start: (people, 512) directions of their centres; ``None`` for random ones.
    """

    def __init__(self, config: PeopleConfig, people: int, start: Tensor | None = None) -> None:
        super().__init__(config, config.network)
        head = config.head
        self.centres = Centres(
            people=people,
            width=EMBEDDING_SIZE,
            head=head.build(),
            share=head.centre_share,
            seed=config.seed,
            start=start,
        )
        self._learning = Learning(head.centre_rate, head.centre_momentum, head.centre_decay)
        # DistributedDataParallel's own name for what each process has for itself
        self._ddp_params_and_buffers_to_ignore = [f"centres.{name}" for name in SPREAD]

    def setup(self, stage: str) -> None:
        """Keep this process's part of the centres, now that the processes know of each other."""
        self.centres.spread()

    def terms(self, batch: Batch) -> Terms:
        """See ``Learner``."""
        faces, people = batch
        vectors = self.student(faces)
        return {"loss": (1.0, self.centres(vectors, people, self.seen // self.loop.schedule.batch))}

    def learned(self, batch: Batch, rate: float) -> None:
        """Move the centres."""
        self.centres.learn(self._learning, rate)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put all processes' centres into the checkpoint."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["state_dict"].update({f"centres.{name}": whole for name, whole in self.centres.everywhere().items()})

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take this process's part of the centres out of the checkpoint."""
        state = checkpoint["state_dict"]
        state.update({f"centres.{name}": self.centres.mine_of(state[f"centres.{name}"]) for name in SPREAD})
        super().on_load_checkpoint(checkpoint)


class Tripler(EmbedderLearner):
    """Pulls the faces of one person together and pushes others away; the whole batch is searched for triplets."""

    def __init__(self, config: PeopleConfig) -> None:
        super().__init__(config, config.network)
        self._margin = config.head.triplet_margin or 0.0

    def terms(self, batch: Batch) -> Terms:
        """See ``Learner``."""
        faces, people = batch
        vectors = together.whole_with_gradient(functional.normalize(self.student(faces).float()))
        loss = triplet.semi_hard(vectors, together.whole(people), margin=self._margin)
        return {"loss": (1 / together.processes(), loss)}
