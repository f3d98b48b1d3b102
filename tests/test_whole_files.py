"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest

from recognizer.whole_files import PRIVATE, whole_file


def test_a_file_takes_its_place_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "numbers.npy"
    path.write_bytes(b"old")
    with whole_file(path) as part:
        np.save(part, np.arange(3))
        assert path.read_bytes() == b"old"
        assert part.parent == tmp_path
    assert np.load(path).tolist() == [0, 1, 2]
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def interrupted() -> None:
        with whole_file(path) as part:
            part.write_text("new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_it_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, synced = tmp_path / "a.txt", os.fsync
    there: list[bool] = []

    def watched(descriptor: int) -> None:
        there.append(path.exists())
        synced(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    with whole_file(path) as part:
        part.write_text("new")
    assert there == [False]


@pytest.mark.parametrize(("mode", "wanted"), [(None, 0o640), (PRIVATE, 0o600), (0o644, 0o644)])
def test_a_file_is_as_open_as_wanted(tmp_path: Path, mode: int | None, wanted: int) -> None:
    before = os.umask(0o027)
    try:
        with whole_file(tmp_path / "a", mode=mode) as part:
            assert mode is None or stat.S_IMODE(part.stat().st_mode) == 0o600, "nobody reads it meanwhile"
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == wanted


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a") as one, whole_file(tmp_path / "a") as other:
        assert one != other
