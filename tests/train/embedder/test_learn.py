"""Learning people in the loop: a kill costs nothing, processes agree, every network and head runs."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recognizer.embed import statedict, trained
from recognizer.errors import ConfigError
from recognizer.models.resolve import resolve
from recognizer.train.embedder import heads, learner, tasks
from recognizer.train.embedder.classifier import Classifier
from recognizer.train.embedder.settings import Network, PeopleConfig
from tests.train import factories
from tests.train.factories import BATCH

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")


def run(config: PeopleConfig) -> dict[str, torch.Tensor]:
    tasks.learn(config, factories.known())
    return dict(statedict.read_checkpoint(config.last_checkpoint))


def curve(config: PeopleConfig) -> list[dict[str, float]]:
    rows: list[dict[str, float]] = []
    for path in sorted((config.out / "logs").glob("version_*/metrics.csv")):
        with path.open() as lines:
            rows += [
                {key: float(value) for key, value in row.items() if key != "samples_per_s"}
                for row in csv.DictReader(lines)
            ]
    return rows


@pytest.mark.long
@pytest.mark.parametrize(
    "sections",
    [
        {"head": {"name": "elastic-arcface", "centre_share": 0.7}, "data": {"augment": "camera"}},
        {"head": {"name": "triplet", "options": {}}, "data": {"photos_each": 2}},
    ],
    ids=["partial", "triplet"],
)
def test_resuming_gives_the_same_curve_and_the_same_weights(tmp_path: Path, sections: dict[str, Any]) -> None:
    whole = factories.people_config(tmp_path / "whole", **sections)
    first = factories.people_config(tmp_path / "broken", samples=4 * BATCH, **sections)
    rest = factories.people_config(tmp_path / "broken", **sections)
    wanted = run(whole)
    run(first)
    came = run(rest)
    assert wanted.keys() == came.keys()
    assert [key for key in wanted if key != "seconds" and not torch.equal(wanted[key], came[key])] == []
    assert curve(whole) == curve(rest)
    assert [row["step"] for row in curve(rest)] == [8, 16, 24]


@pytest.mark.long
def test_it_learns_who_is_who(tmp_path: Path) -> None:
    config = factories.people_config(tmp_path, samples=60 * BATCH, run={"round_samples": 10 * BATCH})
    run(config)
    losses = [row["train/loss"] for row in curve(config)]
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.slow
def test_batch_normalisation_dropout_and_bfloat16_resume_too(tmp_path: Path) -> None:
    sections: dict[str, Any] = {
        "network": {"name": "inception_resnet_v1"},
        "schedule": {"sizes": [{"after": 0, "size_px": 80}]},
        "optimiser": {"method": "sgd", "matrix_rate": None, "rate": 0.01},
        "head": {"name": "magface", "options": {}},
    }
    whole = factories.people_config(tmp_path / "whole", samples=4 * BATCH, **sections)
    first = factories.people_config(tmp_path / "broken", samples=2 * BATCH, **sections)
    rest = factories.people_config(tmp_path / "broken", samples=4 * BATCH, **sections)
    wanted = run(whole)
    run(first)
    came = run(rest)
    assert [key for key in wanted if key != "seconds" and not torch.equal(wanted[key], came[key])] == []
    seen = "average.last_bn.running_mean"
    assert not torch.equal(wanted[seen], torch.zeros(512))
    half = factories.people_config(tmp_path / "half", samples=2 * BATCH, run={"precision": "bf16-mixed"}, **sections)
    assert np.isfinite(curve_of(half)).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["edgeface_xs", "edgeface_s", "edgeface_base", "iresnet18", "iresnet34", "iresnet50", "iresnet100"],
)
def test_every_network_takes_a_step(tmp_path: Path, name: str) -> None:
    sections: dict[str, Any] = {
        "network": {"name": name},
        "schedule": {"warmup": 1, "sizes": [{"after": 0, "size_px": 112}]},
        "optimiser": {"method": "sgd", "matrix_rate": None, "rate": 0.01},
        "run": {"round_samples": BATCH},
    }
    came = run(factories.people_config(tmp_path, samples=BATCH, **sections))
    begun = learner.start(Network(name=name))
    assert int(came["samples_seen"]) == BATCH
    assert all(bool(torch.isfinite(value).all()) for value in came.values())
    assert [key for key, _ in begun.named_parameters() if f"student.{key}" not in came] == []


def curve_of(config: PeopleConfig) -> list[float]:
    run(config)
    return [row["train/loss"] for row in curve(config)]


@pytest.mark.slow
def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    sections: dict[str, Any] = {
        "head": {"name": "elastic-cosface", "options": {"scale": 16.0}},
        "optimiser": {"method": "sgd", "matrix_rate": None, "rate": 0.01},  # the others make much of rounding
    }
    one = factories.people_config(tmp_path / "one", **sections)
    two = factories.people_config(tmp_path / "two", run={"processes": 2}, **sections)
    wanted, came = run(one), run(two)
    assert wanted["centres.weight"].shape == came["centres.weight"].shape == (6, 512)
    for key in ("centres.weight", "centres.velocity", "student.model.head.fc.weight", "average.model.head.fc.weight"):
        assert came[key].numpy() == pytest.approx(wanted[key].numpy(), rel=1e-3, abs=1e-5), key
    more = factories.people_config(tmp_path / "two", samples=8 * BATCH, **sections)
    assert int(run(more)["samples_seen"]) == 8 * BATCH, "and one process carries on what two began"


@pytest.mark.long
def test_a_checkpoint_is_a_model_as_it_is(tmp_path: Path) -> None:
    config = factories.people_config(tmp_path, samples=2 * BATCH, network={"rank_ratio": 0.3})
    run(config)
    found = resolve(str(config.last_checkpoint), cache_dir=tmp_path / "cache")
    assert found.graph.is_file()
    assert found.fingerprint.startswith("last-")
    taken = trained.snapshot(config.last_checkpoint)
    assert (taken.size_px, taken.samples) == (32, 2 * BATCH)


def test_other_people_than_the_checkpoints_are_refused(tmp_path: Path) -> None:
    config = factories.people_config(tmp_path, samples=2 * BATCH)
    run(config)
    more = factories.people_config(tmp_path, samples=4 * BATCH)
    with pytest.raises(ConfigError, match=r"6 people.*now has 7"):
        tasks.learn(more, factories.known(people=7))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has what the test asks for in vain")
def test_a_gpu_that_is_not_there_is_reported(tmp_path: Path) -> None:
    config = factories.people_config(tmp_path, run={"accelerator": "gpu"})
    with pytest.raises(ConfigError, match=r"run\.accelerator: gpu .* torch finds 0; set run\.processes to 1"):
        run(config)


def test_a_frozen_body_keeps_still_while_the_last_layer_learns(tmp_path: Path) -> None:
    weights = factories.teacher_file(tmp_path)
    sections: dict[str, Any] = {"finetune": {"weights": weights, "frozen_samples": 2 * BATCH}}
    begun = trained.create("edgeface_xxs").state_dict() | statedict.read_checkpoint(weights)
    frozen = run(factories.people_config(tmp_path, samples=2 * BATCH, **sections))
    moved = [key for key in begun if not torch.equal(begun[key], frozen[f"student.{key}"])]
    assert moved
    assert all(key.startswith("model.head.") for key in moved)
    after = run(factories.people_config(tmp_path, samples=4 * BATCH, **sections))
    stem = "model.stem.0.weight"
    assert not torch.equal(begun[stem], after[f"student.{stem}"])


def test_the_best_head_of_each_kind_is_built(tmp_path: Path) -> None:
    for name, kind in heads.HEADS.items():
        config = factories.people_config(tmp_path, head={"name": name, "options": {"scale": 7.0}})
        assert config.head.build() == kind(scale=7.0)  # type: ignore[call-arg]


def test_sgd_and_adamw_leave_no_weight_out(tmp_path: Path) -> None:
    for method in ("sgd", "adamw"):
        config = factories.people_config(tmp_path, optimiser={"method": method, "matrix_rate": None})
        module = Classifier(config, 5)
        (optimizer,) = module.configure_optimizers()
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
        assert held == {id(p) for p in module.student.parameters()}
