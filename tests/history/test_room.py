from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from recognizer.history import room

Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(("free", "wanted"), [(0, "disk I/O error; its disk is full"), (1 << 30, "disk I/O error")])
def test_a_full_disk_is_named(free: int, wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(1 << 40, 0, free))
    assert room.why(tmp_path / "history.sqlite3", "disk I/O error").startswith(wanted)
    assert ("full" in room.why(tmp_path / "history.sqlite3", "disk I/O error")) == (free == 0)


def test_a_server_and_a_missing_folder_have_no_disk(tmp_path: Path) -> None:
    assert room.why(None, "no answer") == room.why(tmp_path / "none" / "file", "no answer") == "no answer"
