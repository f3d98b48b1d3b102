"""The loop: a killed run that resumes ends where an uninterrupted one does."""

from __future__ import annotations

import csv
import pickle
from pathlib import Path

import pytest
import torch

from recognizer.embed import statedict
from recognizer.train.embedder import distiller, tasks, verification
from recognizer.train.embedder.settings import DistilConfig
from tests.train import factories

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")


def run(config: DistilConfig, folder: Path) -> dict[str, torch.Tensor]:
    tasks.distil(config, factories.FakeFaces(folder))
    return dict(statedict.read_checkpoint(config.last_checkpoint))


def curve(config: DistilConfig) -> list[dict[str, str]]:
    rows = []
    for path in sorted((config.out / "logs").glob("version_*/metrics.csv")):
        with path.open() as lines:
            rows += [{k: v for k, v in row.items() if k != "samples_per_s"} for row in csv.DictReader(lines)]
    return rows


@pytest.mark.long
def test_resuming_gives_the_same_curve_and_the_same_weights(tmp_path: Path) -> None:
    teacher = factories.teacher_file(tmp_path)
    whole = factories.config(tmp_path / "whole", teacher)
    first = factories.config(tmp_path / "broken", teacher, samples=4 * factories.BATCH)
    rest = factories.config(tmp_path / "broken", teacher)
    wanted = run(whole, tmp_path)
    run(first, tmp_path)
    came = run(rest, tmp_path)
    assert int(came["samples_seen"]) == 6 * factories.BATCH
    assert wanted.keys() == came.keys()
    assert [key for key in wanted if key != "seconds" and not torch.equal(wanted[key], came[key])] == []
    assert curve(whole) == curve(rest)
    assert [float(row["step"]) for row in curve(rest)] == [8, 16, 24]
    assert all(0 <= float(row["heldout/accuracy"]) <= 1 for row in curve(rest))
    head = "model.head.fc.weight"
    assert not torch.equal(wanted[f"student.{head}"], wanted[f"average.{head}"])


def test_the_held_out_test_can_be_sent_to_other_processes(tmp_path: Path) -> None:
    """Pictures read themselves by closures, which no process can send; it started none, and trained nothing."""
    faces = factories.FakeFaces(tmp_path)
    assert faces.people.test
    test = verification.VerificationTest(
        schedule=factories.config(tmp_path, tmp_path).schedule, faces=faces.test, people=faces.people
    )
    pickle.dumps(test)


def test_every_weight_learns_in_exactly_one_group(tmp_path: Path) -> None:
    module = distiller.Distiller(factories.config(tmp_path, tmp_path))
    student, groups = module.student, module.sorted_parameters()
    assert sorted(id(p) for group in groups for p in group) == sorted(id(p) for p in student.parameters())
    assert {p.ndim for p in groups[0]} == {2}
    gammas = [p for name, p in student.named_parameters() if "gamma" in name]
    assert gammas
    assert all(bool((p == 0.3).all()) for p in gammas)


def test_a_start_is_random_but_the_same_for_a_seed(tmp_path: Path) -> None:
    config = factories.config(tmp_path, tmp_path)
    one, two = (distiller.Distiller(config).student.state_dict() for _ in range(2))
    other = distiller.Distiller(config.model_copy(update={"seed": 2})).student.state_dict()
    key = "model.head.fc.weight"
    assert torch.equal(one[key], two[key])
    assert not torch.equal(one[key], other[key])
