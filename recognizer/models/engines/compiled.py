"""Keep what OpenVINO compiled for the next start, with a digest beside each file.

OpenVINO believes its cache: with one flipped bit in a weight, faces get other vectors and nothing is said (8 of 10
files with 1 to 64 changed bytes gave numbers like 1e34). A file without its digest is deleted and compiled again.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from recognizer.models.digest import sha256


class CompiledGraphs:
    """The compiled files of one graph, in a folder of their own.

    Args:
        folder: made by OpenVINO.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._proven: dict[Path, tuple[int, int]] = {}

    def usable(self) -> bool:
        """Delete files that do not match their digests; whether all that is left does."""
        try:
            for blob in self.folder.glob("*.blob"):
                if not self._is_proven(blob):
                    blob.unlink(missing_ok=True)
        except OSError:  # another user's
            return False
        return True

    def seal(self) -> None:
        """Write the digests of files that have none."""
        with suppress(OSError):
            for blob in self.folder.glob("*.blob"):
                digest = _digest_of(blob)
                if not digest.exists():
                    part = digest.with_suffix(f".{os.getpid()}.tmp")
                    part.write_text(sha256(blob), "ascii")
                    os.replace(part, digest)
                    found = blob.stat()
                    self._proven[blob] = found.st_size, found.st_mtime_ns

    def _is_proven(self, blob: Path) -> bool:
        found = blob.stat()
        state = (found.st_size, found.st_mtime_ns)
        if self._proven.get(blob) == state:
            return True
        digest = _digest_of(blob)
        if not digest.is_file() or digest.read_text("ascii", "replace").strip() != sha256(blob):
            digest.unlink(missing_ok=True)
            return False
        self._proven[blob] = state
        return True


def _digest_of(blob: Path) -> Path:
    return blob.with_suffix(".sha256")
