from __future__ import annotations

import json
from pathlib import Path

import av
import pytest
import typer

from recognizer.cli import _console, demo
from recognizer.demo.demo_clip import ENROLLED, LENGTH_S, RATE
from recognizer.errors import OutputError


def demo_command(*words: object) -> int:
    app = typer.Typer()
    app.command()(demo.demo)
    return _console.guarded(app, [str(word) for word in words])


def test_gallery_has_a_folder_for_each_enrolled_person(tmp_path: Path) -> None:
    demo.write_gallery(tmp_path / "gallery")
    demo.write_gallery(tmp_path / "gallery")  # a second run finds the first one's
    assert sorted(path.name for path in (tmp_path / "gallery").iterdir()) == sorted(ENROLLED)
    assert len(list((tmp_path / "gallery").rglob("*.jpg"))) == 3


def test_output_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        demo.write_gallery(tmp_path / "file" / "gallery")
    with pytest.raises(OutputError):
        demo.write_clip(tmp_path / "file" / "clip.mp4")
    with pytest.raises(OutputError, match="cannot be read"):
        demo.read_events(tmp_path / "events.jsonl")


@pytest.mark.slow
def test_clip_has_every_frame(tmp_path: Path) -> None:
    demo.write_clip(tmp_path / "clip.mp4")
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        times = [frame.time for frame in clip.decode(video=0)]
    assert len(times) == LENGTH_S * RATE
    assert times[-1] == pytest.approx(LENGTH_S - 1 / RATE, abs=0.01)


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
