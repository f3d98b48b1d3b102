"""A folder in which the demonstration's clip was recognised by the commands themselves, with the history on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from recognizer.demo import demo_files
from tests.conftest import ROOT

MODEL = ("--model", "edgeface_xxs_own")


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, str(ROOT / "main.py"), *words]
    return subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False, timeout=110)


def recognise_clip(folder: Path, *words: str) -> Path:
    """Enrol the demonstration's people and recognise its clip in a folder; returns the folder."""
    demo_files.write_gallery(folder / "gallery")
    demo_files.write_clip(folder / "clip.mp4")
    done = command(folder, "run", "--source", "clip.mp4", "--headless", "--history", *words, *MODEL)
    assert done.returncode == 0, done.stderr
    return folder
