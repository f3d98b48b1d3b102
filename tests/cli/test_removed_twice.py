"""Removing and forgetting a person, twice: what copies still hold is said, and the second time harms nothing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from recognizer.cli import _console, gallery, history
from tests.cli.history_by_hand import fill

NAME = "Ada"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a gallery, a history and a backup of it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gallery" / NAME).mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "gallery" / NAME / "1.png"), np.full((160, 120, 3), 99, np.uint8))
    fill(tmp_path)
    assert _console.guarded(history.app, ["backup", "one.zip"]) == 0
    return tmp_path


def holding(site: Path) -> list[str]:
    """Files in which the name stands, or whose path has it."""
    files = sorted(path for path in site.rglob("*") if path.is_file())
    found = [path for path in files if NAME in path.parts or NAME.encode() in path.read_bytes()]
    return [path.relative_to(site).as_posix() for path in found]


def test_a_person_is_removed_and_forgotten_twice(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    in_history = ["history/history.sqlite3", "one.zip"]
    assert holding(site) == ["gallery/Ada/1.png", *in_history]

    assert _console.guarded(gallery.app, ["remove", NAME, "--yes"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "What the history holds of \"Ada\", 'history forget' deletes." in said
    assert f"{site / 'one.zip'} (1 track in it bears the name)" in said
    assert holding(site) == in_history
    assert _console.guarded(gallery.app, ["remove", NAME, "--yes"]) == 4
    assert 'Nobody is called "Ada"' in capsys.readouterr().err

    assert _console.guarded(history.app, ["forget", NAME, "--yes"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"may hold them still; delete it: {site / 'one.zip'} (1 track in it bears the name)" in said
    assert holding(site) == ["one.zip"]
    assert _console.guarded(history.app, ["forget", NAME, "--yes"]) == 7
    said, wrong = (" ".join(each.split()) for each in capsys.readouterr())
    assert f"{site / 'one.zip'} (1 track in it bears the name)" in said
    assert "knows nobody named 'Ada'" in wrong
    assert holding(site) == ["one.zip"]
