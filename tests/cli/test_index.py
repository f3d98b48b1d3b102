"""index as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recognizer.cli.main import run_command_line
from recognizer.demo import demo_clip, demo_files
from tests.cli.history_site import MODEL, command


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    demo_files.write_gallery(folder / "gallery")
    demo_files.write_clip(folder / "cctv" / "clip.mp4")
    return folder


@pytest.mark.long
def test_an_archive_is_indexed_and_asked(site: Path) -> None:
    done = command(site, "index", "cctv", "--processes", "1", "--json", *MODEL)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    [video] = report["indexed"]
    assert video["source"] == "cctv/clip.mp4"
    assert set(demo_clip.ENROLLED) <= set(video["people"])
    listed = json.loads(command(site, "history", "list", "--json", "--person", video["people"][0]).stdout)
    assert {track["source"] for track in listed} == {"cctv/clip.mp4"}
    assert "0 videos indexed; 1 unchanged." in command(site, "index", "cctv", *MODEL).stdout


@pytest.mark.long
def test_a_broken_video_is_named_and_the_exit_status_says_so(site: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_text("no video")
    done = command(site, "index", str(broken), *MODEL)
    assert done.returncode == 3
    assert "1 video or folder could not be indexed; all others are done. " in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cctv", "--every", "0"], "--every and --face-s: wanted more than 0 seconds, got 0 and 0.6"),
        (["cctv", "--face-s", "-1"], "got 2 and -1"),
        (["cctv", "--every", "nan"], "--every"),
        (["cctv", "--processes", "0"], "--processes"),
        (["nowhere"], "nowhere: wanted a video or a folder of videos"),
    ],
)
def test_what_is_wrong_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    demo_files.write_gallery(tmp_path / "gallery")
    (tmp_path / "cctv").mkdir()
    assert run_command_line(["index", *words, *MODEL]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
