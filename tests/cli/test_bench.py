from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from recognizer.cli import _console, bench
from tests.bench.conftest import write_clip


def bench_command(*words: object) -> int:
    return _console.guarded(bench.app, [str(word) for word in words])


def figures(path: Path) -> Any:
    return json.loads(path.read_text())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("gallery", "--kind", "odd"), "wanted faces or even, got odd"),
        (("gallery", "--sizes", "many"), "wanted numbers such as 1000,100000, got many"),
        (("gallery", "--sizes", "2"), "wanted 4 or more, got 2"),
        (("--clip", Path(__file__).parent), "--clip: wanted a video file, got a folder"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench_command(*words) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("words", [(), ("peers",)])
def test_a_chart_needs_matplotlib(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = importlib.util.find_spec

    def find_spec(name: str, package: str | None = None) -> Any:
        return None if name == "matplotlib" else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    assert bench_command(*words, "--plot", "chart.svg") == 2
    message = "--plot draws with matplotlib: pip install -r requirements-report.txt"
    assert message in " ".join(capsys.readouterr().err.split())


def test_a_clip_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench_command("--clip", tmp_path / "none.mp4") == 3
    assert "there is no such file" in capsys.readouterr().err


def test_galleries_of_any_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("gallery", "--sizes", "100,1200", "--probes", 5, "--rounds", 2, "--json", tmp_path / "figures.json")
    assert bench_command(*words) == 0
    assert [race["index"] for race in figures(tmp_path / "figures.json")["galleries"]] == ["ExactIndex", "FaissIndex"]
    assert "1,200" in capsys.readouterr().out


@pytest.mark.slow
def test_everything_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bench, "GALLERIES", (500,))
    clip = write_clip(tmp_path / "clip.mp4")
    shipped = ("--clip", clip, "--model", "edgeface_xxs_own", "--json", tmp_path / "figures.json")
    assert bench_command(*shipped, "--rounds", 1, "--plot", tmp_path / "chart.svg") == 0
    found = figures(tmp_path / "figures.json")
    parts = {"end_to_end", "stages", "inside_detection", "embedding", "match", "start_s", "threads", "clip"}
    assert parts <= found.keys()
    assert str(tmp_path) not in json.dumps(found)  # no path of this machine
    assert (tmp_path / "chart.svg").read_text().startswith("<svg")


@pytest.mark.slow
def test_streams_and_peers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    clip = write_clip(tmp_path / "clip.mp4")
    shipped = ("--clip", clip, "--model", "edgeface_xxs_own", "--json", tmp_path / "figures.json")
    assert bench_command(*shipped, "--streams", 1, "--seconds", 2) == 0
    assert len(figures(tmp_path / "figures.json")["capacity"]["decoded"]) == 1
    assert bench_command("peers", *shipped, "--frames", 2, "--segments", 1, "--rounds", 2) == 0
    found = figures(tmp_path / "figures.json")
    assert found["detection"]["ours"]["exact MTCNN"]["their_boxes_found"]["recall"] == 1.0
    assert any("EdgeFace in torch eager" in peer for peer in found["missing"])
