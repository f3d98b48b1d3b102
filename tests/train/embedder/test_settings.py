"""The YAML file: what is refused, and what its schedule means."""

from __future__ import annotations

from pathlib import Path

import pytest

from recognizer.errors import ConfigError
from recognizer.train.embedder import settings
from tests.conftest import ROOT
from tests.train import factories


def test_the_config_that_ships_is_valid() -> None:
    config = settings.read(ROOT / "configs" / "distil.yaml")
    assert isinstance(config, settings.DistilConfig)
    assert config.student.name == "edgeface_xxs"
    assert config.schedule.size_px(config.schedule.samples) == 112, "what ships must have learned at full size"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("batch: 128", "batch: 128\n  batchsize: 3", "schedule.batchsize"),
        ("seed: 1", "seed: 1\nsede: 2", "sede"),
        ("views: 4", "views: 0", "data.views"),
        ("batch: 128", "batch: 127", "schedule.batch"),
        ("round_samples: 8192", "round_samples: 8000", "run.round_samples"),
        ("decay: 400000", "decay: 40000000", "schedule.decay"),
        ("{after: 0, size_px: 64}", "{after: 9, size_px: 64}", "schedule.sizes"),
    ],
)
def test_a_fault_is_named_by_its_key(tmp_path: Path, old: str, new: str, named: str) -> None:
    text = (ROOT / "configs" / "distil.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "c.yaml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        settings.read(tmp_path / "c.yaml")
    assert named in str(error.value)


@pytest.mark.parametrize("text", [None, "a: [", "3"])
def test_no_file_no_yaml_no_mapping(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "c.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=r"c\.yaml"):
        settings.read(path)


def test_the_size_follows_the_stages(tmp_path: Path) -> None:
    schedule = factories.config(tmp_path, tmp_path).schedule
    assert [schedule.size_px(seen) for seen in (0, 15, 16, 1000)] == [32, 32, 48, 48]


@pytest.mark.parametrize("name", ["train-arcface", "finetune"])
def test_the_files_for_people_are_valid(name: str) -> None:
    config = settings.read(ROOT / "configs" / f"{name}.yaml")
    assert isinstance(config, settings.PeopleConfig)
    assert (config.finetune is not None) == (name == "finetune")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("name: arcface", "name: arkface", r"no head 'arkface'; there are: sphereface, .*triplet"),
        ("margin: 0.2", "margn: 0.2", r"arcface has no margn; it has: scale, margin"),
        ("name: arcface", "name: triplet", r"triplet has no number but margin.*data\.photos_each: 2 or more"),
        ("# photos_each: 4", "photos_each: 5", r"schedule\.batch \(64\) must be a multiple of data\.photos_each \(5\)"),
        ("  lfw: ", "  people_share: 0.1\n  lfw: ", "give one of lfw, bin and people_share"),
        ("name: edgeface_xxs", "name: iresnet18", r"muon is EdgeFace's.*an IResNet takes 112 px only"),
        ("name: edgeface_xxs", "name: inception_resnet_v1", r"inception_resnet_v1 takes 75 px or more"),
        ("method: muon", "method: sgd", r"optimiser\.matrix_rate goes with"),
        ("  layer_scale", "  rank_ratio: 2\n  layer_scale", r"network\.rank_ratio"),
        ("centre_share: 1.0", "centre_share: 0", r"head\.centre_share"),
        ("32-true ", "16-mixed ", r"run\.precision"),
        ("accelerator: cpu ", "accelerator: tpu ", r"run\.accelerator"),
    ],
)
def test_a_fault_in_a_training_of_people_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    text = (ROOT / "configs" / "train-arcface.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "c.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=named):
        settings.read(tmp_path / "c.yaml")


def test_turned_faces_are_not_shown_more_often_than_they_have_views(tmp_path: Path) -> None:
    raw = factories.config(tmp_path, tmp_path).model_dump(mode="json", exclude_none=True)
    raw["data"]["turned_times"] = 3
    with pytest.raises(ConfigError, match=r"data\.turned_times \(3\) must not be more than data\.views \(2\)"):
        settings.config_from(raw, tmp_path / "distil.yaml")
