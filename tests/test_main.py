from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT


def started(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stderr if not words else done.stdout


def test_without_arguments_it_says_three_things_to_do(tmp_path: Path) -> None:
    said = started(tmp_path)
    for words in ("main.py demo", "main.py run --source", "main.py serve", "--help"):
        assert words in said


def test_help_groups_the_commands(tmp_path: Path) -> None:
    said = started(tmp_path, "--help")
    places = [said.find(group) for group in ("Start here", "Recognise ", "People, and", "Thresholds and", "Models ")]
    assert -1 not in places
    assert places == sorted(places)
    assert said.find("demo ") < said.find("identify ")
