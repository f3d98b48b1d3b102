"""Fine-tuning: from which weights, from which centres, and when the model is replaced."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from recognizer.embed import trained
from recognizer.errors import ModelError, WeightsError
from recognizer.train import finetune, heldout, tasks
from recognizer.train.settings import PeopleConfig
from recognizer.train.verdict import Panel
from tests.train import factories
from tests.train.factories import BATCH

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.fixture
def config(tmp_path: Path) -> PeopleConfig:
    """Tuning of a random EdgeFace XXS, two steps."""
    sections: dict[str, Any] = {"finetune": {"weights": factories.teacher_file(tmp_path)}}
    return factories.people_config(tmp_path / "out", samples=2 * BATCH, **sections)


class Mean(nn.Module):
    """The mean colour as a vector: faces of one person are near each other."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :, 5::16, 5::16].flatten(1)


def test_centres_start_at_the_mean_direction_of_their_people() -> None:
    people = factories.known().train
    starts = finetune.imprinted(Mean(), people)
    faces = torch.stack([torch.from_numpy(people.faces[row].copy()) for row in range(len(people.labels))])
    vectors = nn.functional.normalize(Mean()(faces.permute(0, 3, 1, 2).float() / 127.5 - 1))
    wanted = nn.functional.normalize(torch.stack([vectors[people.labels == p].mean(dim=0) for p in range(6)]))
    assert starts.numpy() == pytest.approx(wanted.numpy(), abs=1e-5)


def test_tuning_begins_with_the_weights_and_does_not_begin_anew(config: PeopleConfig) -> None:
    known = factories.known()
    module = tasks.learner_for(config, known.train)
    begun = finetune.before(config).state_dict()
    assert all(torch.equal(value, module.student.state_dict()[key]) for key, value in begun.items())
    assert all(torch.equal(value, module.average.state_dict()[key]) for key, value in begun.items())
    tasks.learn(config, known)
    tuned = trained.snapshot(config.last_checkpoint)
    again = config.model_copy(
        update={"finetune": config.finetune and config.finetune.model_copy(update={"weights": config.last_checkpoint})}
    )
    assert isinstance(finetune.before(again), nn.Sequential), "a checkpoint of 32 px shrinks what it is shown"
    faces = torch.randn(2, 3, 112, 112)
    assert torch.equal(finetune.before(again)(faces), tuned.network(faces))


def test_weights_of_another_network_are_refused(config: PeopleConfig) -> None:
    other = config.model_copy(update={"network": config.network.model_copy(update={"name": "edgeface_xs"})})
    with pytest.raises(WeightsError, match=r"does not hold edgeface_xs; correct network\.name"):
        finetune.before(other)


def test_a_model_that_did_not_become_better_ends_with_an_error(config: PeopleConfig) -> None:
    known = factories.known()
    tasks.learn(config, known)
    with pytest.raises(ModelError, match="no model was replaced"):
        tasks.jury(config, known).judge(config)
    assert json.loads((config.out / "verdict.json").read_text(encoding="utf-8"))["helped"] is False


def test_a_better_one_passes(config: PeopleConfig) -> None:
    config.out.mkdir()
    labels = np.repeat(np.arange(30), 4)
    rng = np.random.default_rng(0)
    people, noise = rng.standard_normal((30, 24))[labels], rng.standard_normal((len(labels), 24))
    bad, good = (np.asarray(people + scale * noise, np.float32) for scale in (1.3, 0.6))
    assert finetune.judge(config, Panel(heldout.pairs_of(labels, seed=1)), bad, good).helped
    assert json.loads((config.out / "verdict.json").read_text(encoding="utf-8"))["helped"] is True
