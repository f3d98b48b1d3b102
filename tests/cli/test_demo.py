from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from recognizer.cli import _console, demo


def demo_command(*words: object) -> int:
    app = typer.Typer()
    app.command()(demo.demo)
    return _console.guarded(app, [str(word) for word in words])


@pytest.mark.slow
@pytest.mark.weights
def test_demo_comes_out_right(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RECOGNIZER_CACHE", str(tmp_path / "cache"))
    words = ["--weights-dir", shared_data / "weights", "--model", "edgeface_xs_q", "--output", tmp_path / "demo"]
    assert demo_command(*words, "--json") == 0
    document = json.loads(capfd.readouterr().out)
    assert document["right"] is True
    assert document["problems"] == []
    assert document["summary"]["unknown_tracks"] >= 2
    for file in ("clip.mp4", "labelled.mp4", "events.jsonl", "summary.json"):
        assert (tmp_path / "demo" / file).stat().st_size > 0
