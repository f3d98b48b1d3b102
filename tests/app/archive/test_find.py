from __future__ import annotations

import os
from pathlib import Path

import pytest

from recognizer.app.archive.find import find_videos, is_gone, state_of
from recognizer.errors import SourceError, UsageError


def test_videos_of_folders_and_named_files_each_once(tmp_path: Path) -> None:
    root = tmp_path / "cctv"
    for name in ("b.MP4", "a.mkv", "2024/c.dav", "notes.txt", ".hidden.mp4", "@eaDir/d.mp4", "odd"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    (root / os.fsdecode(b"\xff.mp4")).touch()
    (root / "link.mp4").symlink_to(root / "a.mkv")
    messages: list[str] = []
    found = find_videos([root, root / "a.mkv", root / "odd"], on_unreadable=messages.append)
    assert [message.split(":")[1] for message in messages] == [" the name holds bytes that are not UTF-8; rename it"]
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


def test_a_folder_that_cannot_be_listed_is_messages_and_costs_its_own_videos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.mp4", "shut/b.mp4", "#1 gate/c.mp4", "lost+found/d.mp4", "@__thumb/e.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    scandir = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)  # chmod does not stop root
    messages: list[str] = []
    found = find_videos([tmp_path], on_unreadable=messages.append)
    assert [file.path.name for file in found] == ["c.mp4", "a.mp4"]
    assert [message.split(":")[0] for message in messages] == [str(tmp_path / "shut")]


def test_what_may_not_be_looked_at_is_not_gone(tmp_path: Path) -> None:
    too_long = str(tmp_path / ("a" * 300))
    assert is_gone(str(tmp_path / "a.mp4"))
    assert not is_gone(too_long)
    with pytest.raises(SourceError, match="cannot be read"):
        find_videos([Path(too_long)])
