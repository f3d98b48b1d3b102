"""Fine-tuning: learn from weights that are good already, and replace them only by better ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from loguru import logger
from torch import nn
from torch.nn import functional

from recognizer.embed import edgeface, trained
from recognizer.embed.statedict import read_checkpoint
from recognizer.errors import ModelError, WeightsError
from recognizer.models.resolved_model import TRAINED_SUFFIX
from recognizer.train.crops import FaceRows
from recognizer.train.embedder import initial, learner
from recognizer.train.embedder.comparison import HeldOutTest, Improvement, vectors_of
from recognizer.train.embedder.guard import Change, Guard
from recognizer.train.embedder.people import People, Rows
from recognizer.train.embedder.settings import Network, PeopleConfig
from recognizer.train.loop.learner import Learner
from recognizer.types import F32, I64

GRAPH_SUFFIX = ".onnx"
_ENOUGH_FACES = 10
"""Of one person, for the start of the person's centre."""


def before(config: PeopleConfig) -> nn.Module:
    """The network as it was, taking faces of 112 px.

    Raises:
        WeightsError: if the weights are missing or another network's.
    """
    weights = _weights(config)
    if weights.suffix.lower() == TRAINED_SUFFIX:
        return trained.snapshot(weights).network
    network = learner.start(config.network)
    take(network, weights, config.network)
    return network.eval()


def begin(module: Learner, config: PeopleConfig) -> None:
    """Give a learner the weights to start from.

    Raises:
        WeightsError: if they are missing or another network's.
    """
    take(module.student, _weights(config), config.network)
    module.average.load_state_dict(module.student.state_dict())


def take(network: nn.Module, weights: Path, wanted: Network) -> None:
    """Fill a network from a published ``.pt`` file, a ``.ckpt`` of a training or the graph of a training.

    Raises:
        WeightsError: if the file is refused or another network's.
    """
    if weights.suffix.lower() == GRAPH_SUFFIX:
        initial.fill_from_graph(network, weights, name=wanted.name)
        return
    state = edgeface.dequantise(read_checkpoint(weights))
    if weights.suffix.lower() == TRAINED_SUFFIX:
        state = trained.averaged_weights(state)
    state = {key: value for key, value in state.items() if not key.startswith("logits.")}  # facenet-pytorch's people
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(
            f"finetune.weights: {weights} does not hold {wanted.name}"
            f"{f' with rank_ratio {wanted.rank_ratio}' if wanted.rank_ratio else ''}; correct network.name."
        ) from error


def imprinted(network: nn.Module, people: People) -> torch.Tensor:
    """The mean direction of each person's faces, as a start for the centres: (people, 512) of unit length.

    Qi, Brown, Lowe: "Low-shot learning with imprinted weights", CVPR 2018. Random centres would pull a good network
    apart before they have found their places.
    """
    order = np.argsort(people.labels, kind="stable")
    place = np.arange(len(order)) - np.searchsorted(people.labels[order], people.labels[order])
    rows: I64 = np.sort(order[place < _ENOUGH_FACES])
    vectors = vectors_of(network, Rows(people.faces, rows))
    directions = functional.normalize(torch.from_numpy(vectors))
    sums = torch.zeros(len(people.names), vectors.shape[1])
    sums.index_add_(0, torch.from_numpy(people.labels[rows]), directions)
    return functional.normalize(sums)


@dataclass(frozen=True, slots=True, eq=False)
class ModelComparison:
    """Compares the model before and after, on held-out people and on people from elsewhere."""

    held_out: HeldOutTest
    faces: FaceRows
    """Of the held-out people."""
    guard: Guard | None

    def require_improvement(self, config: PeopleConfig) -> Improvement:
        """Compare the weights of the start with the last checkpoint; nothing is trained.

        Raises:
            ModelError: as the function ``require_improvement``.
            WeightsError: if either is missing or another network's.
        """
        old, new = before(config), trained.snapshot(config.last_checkpoint).network
        elsewhere = None if self.guard is None else self.guard.compare(old, new)
        return require_improvement(
            config, self.held_out, vectors_of(old, self.faces), vectors_of(new, self.faces), elsewhere
        )


def require_improvement(
    config: PeopleConfig,
    held_out: HeldOutTest,
    vectors_before: F32,
    vectors_after: F32,
    elsewhere: Change | None = None,
) -> Improvement:
    """Write what fine-tuning changed to ``improvement.json`` beside the training; refuse a model that is not better.

    Args:
        config: the file.
        held_out: the held-out people.
        vectors_before: of their faces.
        vectors_after: likewise.
        elsewhere: what became of other people, where that was measured.

    Raises:
        ModelError: if it did not help, that is not shown, or others became worse: then it must replace nothing.
    """
    improvement = held_out.compare(vectors_before, vectors_after)
    figures = improvement.as_dict() | {"elsewhere": None if elsewhere is None else elsewhere.as_dict()}
    path = config.out / "improvement.json"
    path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if elsewhere is None:
        logger.info("Whether others are separated less well was not checked: give finetune.guard, LFW or a .bin set.")
    else:
        logger.info("Others: {}.", elsewhere.summary())
    if not improvement.helped:
        raise ModelError(
            f"Fine-tuning is not shown to have helped, so no model was replaced. {improvement.summary()}. "
            "More people, more pictures of each, a lower rate or fewer samples may help."
        )
    if elsewhere is not None and elsewhere.forgot:
        raise ModelError(
            f"Fine-tuning helped, but others are separated less well; no model was replaced. {elsewhere.summary()}. "
            f"{improvement.summary()}. A lower rate, fewer samples or more finetune.frozen_samples may help."
        )
    logger.info("Fine-tuning helped. {}.", improvement.summary())
    return improvement


def _weights(config: PeopleConfig) -> Path:
    if config.finetune is None:
        raise ValueError("this training does not fine-tune")
    return config.finetune.weights
