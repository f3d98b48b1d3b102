from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from recognizer.models.digest import git_blob_id, sha256


@pytest.mark.parametrize(
    ("content", "printed_by_git"),
    [
        (b"", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        (b"hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"),
    ],
)
def test_blob_id_is_what_git_prints(tmp_path: Path, content: bytes, printed_by_git: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert git_blob_id(path) == printed_by_git


def test_digests_of_a_file_of_several_chunks(tmp_path: Path) -> None:
    content = bytes(range(256)) * 10_000
    path = tmp_path / "file"
    path.write_bytes(content)
    assert sha256(path) == hashlib.sha256(content).hexdigest()
    header = f"blob {len(content)}\0".encode()
    assert git_blob_id(path) == hashlib.sha1(header + content, usedforsecurity=False).hexdigest()
