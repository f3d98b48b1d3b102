from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from recognizer.bench import start
from recognizer.cli import _bench_setup
from tests.conftest import ROOT


@pytest.mark.slow
def test_the_command_starts_with_all_that_was_set(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph of one's own without a spec file, thresholds in the settings only, an output that is not meant."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "recognizer/models/data/edgeface_xxs_own.onnx", tmp_path / "mine.onnx")
    video = tmp_path / "labelled.mp4"
    Path("settings.yaml").write_text(
        f"sources: [door.mp4]\ndecide: {{known: 0.4, margin: 0.1}}\nemit: {{video: {video}}}\n", "utf-8"
    )
    bench = _bench_setup.set_up(
        clip, None, Path("settings.yaml"), model="mine.onnx", engine=None, weights_dir=None, spec="edgeface"
    )
    assert [camera.location for camera in bench.settings.cameras] == [str(clip)]
    found = start.measure(bench.settings, rounds=1)
    assert [len(spent) for spent in (found.imported, found.ready, found.first_event)] == [1, 1, 1]
    assert found.first_event[0].wall_s > 0
    assert not video.exists()
