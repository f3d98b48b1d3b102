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
from recognizer.models.catalogue import SHIPPED_FOLDER
from recognizer.models.engines.onnxruntime import OnnxRuntimeRunner
from recognizer.train.embedder import finetune, heldout, tasks
from recognizer.train.embedder.comparison import HeldOutTest
from recognizer.train.embedder.guard import Guard
from recognizer.train.embedder.settings import PeopleConfig
from tests.train import factories
from tests.train.face_files import bin_of, no_cut
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


def test_tuning_begins_with_the_graph_that_ships(config: PeopleConfig) -> None:
    shipped = SHIPPED_FOLDER / "edgeface_xxs_own.onnx"
    own = config.model_copy(
        update={"finetune": config.finetune and config.finetune.model_copy(update={"weights": shipped})}
    )
    faces = np.random.default_rng(0).uniform(-1, 1, (2, 3, 112, 112)).astype(np.float32)
    wanted = OnnxRuntimeRunner(shipped, threads=1).run(faces)["vectors"]
    begun = tasks.learner_for(own, factories.known().train).student.eval()
    for network in (finetune.before(own), begun):
        with torch.inference_mode():
            vectors = network(torch.from_numpy(faces)).numpy()
        assert nn.functional.cosine_similarity(torch.from_numpy(vectors), torch.from_numpy(wanted)).min() > 0.9999


def test_weights_of_another_network_are_refused(config: PeopleConfig) -> None:
    other = config.model_copy(update={"network": config.network.model_copy(update={"name": "edgeface_xs"})})
    with pytest.raises(WeightsError, match=r"does not hold edgeface_xs; correct network\.name"):
        finetune.before(other)


def test_a_model_that_did_not_become_better_ends_with_an_error(config: PeopleConfig) -> None:
    known = factories.known()
    tasks.learn(config, known)
    with pytest.raises(ModelError, match="no model was replaced"):
        tasks.comparison(config, known, no_cut).require_improvement(config)
    assert json.loads((config.out / "improvement.json").read_text(encoding="utf-8"))["helped"] is False


LABELS = np.repeat(np.arange(30), 4)
_rng = np.random.default_rng(0)
_people, _noise = _rng.standard_normal((30, 24))[LABELS], _rng.standard_normal((len(LABELS), 24))
BAD, GOOD = (np.asarray(_people + scale * _noise, np.float32) for scale in (1.3, 0.6))
PAIRS = heldout.pairs_of(LABELS, seed=1)


def improvement_of(config: PeopleConfig) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((config.out / "improvement.json").read_text(encoding="utf-8"))
    return found


def test_a_better_one_passes_and_says_that_others_were_not_checked(config: PeopleConfig, logged: list[str]) -> None:
    config.out.mkdir()
    assert finetune.require_improvement(config, HeldOutTest(PAIRS), BAD, GOOD).helped
    assert improvement_of(config)["helped"] is True
    assert improvement_of(config)["elsewhere"] is None
    assert len([line for line in logged if "was not checked: give finetune.guard" in line]) == 1


def test_one_that_helped_and_forgot_ends_with_an_error(config: PeopleConfig, logged: list[str]) -> None:
    config.out.mkdir()
    elsewhere = Guard("lfw", factories.Album(30, 4), PAIRS).change(GOOD, BAD)
    with pytest.raises(ModelError, match=r"helped, but others.*no model was replaced.* of lfw: .*points"):
        finetune.require_improvement(config, HeldOutTest(PAIRS), BAD, GOOD, elsewhere)
    assert ModelError.exit_code == 5
    assert improvement_of(config)["helped"] is True
    assert improvement_of(config)["elsewhere"]["forgot"] is True
    assert not any("was not checked" in line for line in logged)


def test_one_that_helped_and_forgot_nothing_passes(config: PeopleConfig) -> None:
    config.out.mkdir()
    elsewhere = Guard("lfw", factories.Album(30, 4), PAIRS).change(GOOD, GOOD)
    assert finetune.require_improvement(config, HeldOutTest(PAIRS), BAD, GOOD, elsewhere).helped
    assert improvement_of(config)["elsewhere"]["forgot"] is False


def test_people_from_elsewhere_are_compared_too(config: PeopleConfig, tmp_path: Path) -> None:
    bin_of(tmp_path / "other.bin", factories.pictures(8, seed=5), [True, False, True, False])
    assert config.finetune is not None
    guarded = config.finetune.model_copy(update={"guard": tmp_path / "other.bin"})
    config = config.model_copy(update={"finetune": guarded})
    known = factories.known()
    tasks.learn(config, known)
    with pytest.raises(ModelError, match="no model was replaced"):
        tasks.comparison(config, known, no_cut).require_improvement(config)
    assert improvement_of(config)["elsewhere"]["set"] == "other"
    assert improvement_of(config)["elsewhere"]["pairs"] == 4
