"""The room that a folder takes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from recognizer.app.disk_use import folder_bytes


def test_files_of_all_folders_count_and_links_do_not_lead_away(tmp_path: Path) -> None:
    kept, other = tmp_path / "kept", tmp_path / "other"
    (kept / "below").mkdir(parents=True)
    other.mkdir()
    (other / "large").write_bytes(bytes(1000))
    (kept / "one").write_bytes(bytes(5))
    (kept / "below" / "two").write_bytes(bytes(7))
    (kept / "away").symlink_to(other, target_is_directory=True)
    assert folder_bytes(kept) == 12
    assert folder_bytes(tmp_path / "missing") == 0


def test_a_journal_that_goes_while_it_is_measured_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "history.db").write_bytes(b"12345")

    def walk(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
        yield str(folder), [], ["history.db", "history.db-wal"]

    monkeypatch.setattr(os, "walk", walk)
    assert folder_bytes(tmp_path) == 5
