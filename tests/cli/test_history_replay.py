"""history replay as a user meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from recognizer.demo import demo_clip, demo_files
from tests.conftest import ROOT

MODEL = ("--model", "edgeface_xxs_own")


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, str(ROOT / "main.py"), *words]
    return subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False, timeout=110)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the beginning of the demonstration's clip was recognised, with the history on."""
    folder = tmp_path_factory.mktemp("site")
    demo_files.write_gallery(folder / "gallery")
    demo_files.write_clip(folder / "clip.mp4")
    run = ("run", "--source", "clip.mp4", "--headless", "--history", "--max-seconds", "3")
    done = command(folder, *run, *MODEL)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_higher_threshold_is_tried_applied_and_undone(site: Path) -> None:
    tried = json.loads(command(site, "history", "replay", "--known", "0.99", "--apply", "--json", *MODEL).stdout)
    assert tried["lost_names"] == {"Barack Obama": 1, "Eileen Collins": 1}
    assert {(one["was"], one["now"]) for one in tried["changed"]} == {(name, None) for name in demo_clip.ENROLLED}
    assert (tried["action"], tried["applied"], tried["not_reproduced"]) == (1, 2, 0)
    now = command(site, "history", "replay", *MODEL).stdout
    assert "2 names won" in now
    assert "Nothing was written" in now
    assert "replay with known 0.99: 2 tracks" in command(site, "history", "undo", "1").stdout
    assert "No name would change." in command(site, "history", "replay", *MODEL).stdout


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--photo", "Ada"], 2, "--photo: wanted PERSON=FILE, got 'Ada'"),
        (["--without", "Ada/1.jpg"], 4, "no photo 1.jpg of Ada"),
        (["--sheet", "sheet.png"], 2, "--sheet"),
    ],
)
def test_what_is_wrong_is_one_message(site: Path, words: list[str], status: int, message: str) -> None:
    done = command(site, "history", "replay", *MODEL, *words)
    assert message in " ".join(done.stderr.split())
    assert done.returncode == status
    assert "Traceback" not in done.stderr
