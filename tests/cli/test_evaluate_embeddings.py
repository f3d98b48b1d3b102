"""What a budget of embeddings a second costs, measured on the beginning of a clip."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from recognizer.cli.main import run_command_line
from tests.conftest import ROOT


@pytest.mark.long
@pytest.mark.weights
def test_a_budget_is_kept_and_names_are_counted(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gallery, config = tmp_path / "gallery", tmp_path / "c.yaml"
    shutil.copytree(shared_data / "data/video/friends_gallery", gallery)
    config.write_text("source: {max_frames: 60}\n")
    words = ["evaluate", "embeddings", str(shared_data / "data/video/friends_720p.mp4"), "--json", "--budgets", "2"]
    words += ["--truth", str(ROOT / "tests/truth/friends_720p.yaml"), "--model", "edgeface_xs_q"]
    words += ["--gallery", str(gallery), "--config", str(config)]
    assert run_command_line([*words, "--weights-dir", str(shared_data / "weights")]) == 0
    every, unlimited, two = json.loads(capsys.readouterr().out)["rows"]
    assert [row["budget"] for row in (every, unlimited, two)][2] == "2 a second"
    assert every["embeddings_per_s"] > unlimited["embeddings_per_s"] > two["embeddings_per_s"]
    assert every["coverage"] >= unlimited["coverage"] > two["coverage"]
    assert every["wrong_names"] == unlimited["wrong_names"] == two["wrong_names"] == 0


def test_budgets_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", "embeddings", "clip.mp4", "--truth", str(tmp_path / "t.yaml"), "--budgets", "all"]
    assert run_command_line(words) == 2
    assert "--budgets wants numbers" in capsys.readouterr().err
