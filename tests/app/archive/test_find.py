from __future__ import annotations

import os
from pathlib import Path

import pytest

from recognizer.app.archive.find import find_videos, state_of
from recognizer.errors import UsageError


def test_videos_of_folders_and_named_files_each_once(tmp_path: Path) -> None:
    root = tmp_path / "cctv"
    for name in ("b.MP4", "a.mkv", "2024/c.dav", "notes.txt", ".hidden.mp4", "@eaDir/d.mp4", "odd"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    (root / "link.mp4").symlink_to(root / "a.mkv")
    found = find_videos([root, root / "a.mkv", root / "odd"])
    assert [file.name for file in found] == ["cctv/2024/c.dav", "cctv/a.mkv", "cctv/b.MP4", "odd"]
    with pytest.raises(UsageError, match="nowhere"):
        find_videos([tmp_path / "nowhere"])


def test_a_file_is_known_by_its_beginning_and_its_end(tmp_path: Path) -> None:
    file = tmp_path / "a.mp4"
    file.write_bytes(bytes(300_000))
    before = state_of(file)
    os.utime(file, (1, 1))
    assert (state_of(file).digest, state_of(file).changed_us) == (before.digest, 1_000_000)
    file.write_bytes(bytes(299_999) + b"1")
    assert state_of(file).digest != before.digest
