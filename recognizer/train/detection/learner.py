"""What learns in the tasks of detection: the task's network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from recognizer.train.detection.settings import DetectionConfig
from recognizer.train.detection.task import TrainingTask
from recognizer.train.loop.data import Batch
from recognizer.train.loop.learner import Learner, Terms


class DetectionLearner(Learner):
    """See ``Learner``."""

    ema_lead = 1

    def __init__(self, config: DetectionConfig, task: TrainingTask) -> None:
        super().__init__(config, task.network)
        self._task = task

    def terms(self, batch: Batch) -> Terms:
        """See ``Learner``."""
        return {name: (1.0, loss) for name, loss in self._task.losses(self.student, batch).items()}

    def clipped(self) -> Iterable[Tensor]:
        """In the order of the optimizer, as in 0.1: the last digit of the norm depends on it."""
        return chain(*self.sorted_parameters())

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Accept the names of checkpoints that 0.1 wrote."""
        checkpoint["state_dict"] = current_state(checkpoint["state_dict"])
        super().on_load_checkpoint(checkpoint)


def current_state(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a checkpoint, the names of 0.1 (``network.*``, ``seen``) replaced by the loop's."""
    if "seen" not in state:
        return dict(state)
    renamed = {f"student.{key[8:]}" if key.startswith("network.") else key: value for key, value in state.items()}
    return renamed | {"samples_seen": renamed.pop("seen"), "seconds": torch.zeros(())}
