"""The YAML file: what is refused, and what its schedule means."""

from __future__ import annotations

from pathlib import Path

import pytest

from recognizer.errors import ConfigError
from recognizer.train import loop_settings, settings
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


@pytest.mark.parametrize(
    ("seen", "rate"),
    [(0, 0.1), (9, 1.0), (60, 1.0), (80, 1.0), (85, 0.5), (100, 0.0), (200, 0.0)],
)
def test_the_rate_rises_stays_and_falls(seen: int, rate: float) -> None:
    schedule = loop_settings.Schedule(samples=100, warmup=10, decay=20, batch=1)
    assert schedule.rate(seen) == pytest.approx(rate)


def test_the_size_follows_the_stages(tmp_path: Path) -> None:
    schedule = factories.config(tmp_path, tmp_path).schedule
    assert [schedule.size_px(seen) for seen in (0, 15, 16, 1000)] == [32, 32, 48, 48]
