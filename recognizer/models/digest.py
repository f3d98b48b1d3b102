"""Compute digests of files: git blob ids, which repositories publish, and SHA-256 for files written here."""

from __future__ import annotations

import hashlib
from pathlib import Path

_CHUNK = 1 << 20


def git_blob_id(path: Path) -> str:
    """Return the SHA-1 of ``blob <size>`` + NUL + the bytes, 40 hex digits, as ``git hash-object`` does.

    SHA-1 is what was published; as the length is hashed too, a forgery would have to collide at a given size.

    Raises:
        OSError: if the file cannot be read.
    """
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    return _feed(digest, path)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hex digits.

    Raises:
        OSError: if the file cannot be read.
    """
    return _feed(hashlib.sha256(), path)


def _feed(digest: hashlib._Hash, path: Path) -> str:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
