"""What learns in the two tasks of an embedder: a network that is built by its name, and is described in checkpoints."""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import Tensor, nn

from recognizer.embed import trained
from recognizer.train.embedder.settings import EmbedderConfig, Network
from recognizer.train.loop.learner import Learner


class EmbedderLearner(Learner):
    """See ``Learner``; Muon moves the matrices inside EdgeFace's blocks."""

    betas = (0.9, 0.98)
    last_layers = trained.LAST_LAYERS

    def __init__(self, config: EmbedderConfig, network: Network) -> None:
        super().__init__(config, partial(start, network))
        self.schedule = config.schedule
        self._network = network

    def sorted_parameters(self) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Matrices of the blocks, other weights of two and more dimensions, and vectors (not decayed)."""
        named = list(self.student.named_parameters())
        inside = {name for name, p in named if p.ndim == 2 and ".head." not in name}
        return (
            [p for name, p in named if name in inside],
            [p for name, p in named if name not in inside and p.ndim > 1 and "temperature" not in name],
            [p for name, p in named if p.ndim <= 1 or "temperature" in name],
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Describe the network in the checkpoint, so that it can be used without the file that made it."""
        size_px = self.schedule.size_px(max(0, self.seen - 1))
        checkpoint[trained.SELF_DESCRIPTION] = trained.described(self._network.name, self._network.rank_ratio, size_px)


def start(network: Network) -> nn.Module:
    """A network with random weights, ready to learn; EdgeFace's branches begin at ``layer_scale``, not at 1e-6."""
    student = trained.create(network.name, network.rank_ratio).train()
    for key, parameter in student.named_parameters():
        if key.rpartition(".")[2] in ("gamma", "gamma_xca"):
            nn.init.constant_(parameter, network.layer_scale)
    return student
