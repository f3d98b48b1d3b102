"""Keeps a log from filling the disk: at a size or an age it is put aside, and only so many old ones are kept."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """When a log is put aside; ``None`` never."""

    max_bytes: int | None = None
    max_age_s: float | None = None
    keep: int = 10
    """Old logs: ``events.jsonl.1`` is the newest of them."""

    def due(self, *, size: int, more: int, age_s: float) -> bool:
        """Whether the log goes before the next line is written; an empty one never does.

        Args:
            size: Of the log, bytes.
            more: Of the line, bytes.
            age_s: Since the log was begun.
        """
        if size == 0:
            return False
        too_large = self.max_bytes is not None and size + more > self.max_bytes
        return too_large or (self.max_age_s is not None and age_s >= self.max_age_s)

    def put_aside(self, path: Path) -> None:
        """Rename the log and its elders; killed at any moment, no line is lost but those of the oldest file.

        Raises:
            OSError: The log itself cannot be renamed.
        """
        with contextlib.suppress(FileNotFoundError):
            _numbered(path, self.keep).unlink()
        for number in range(self.keep - 1, 0, -1):
            with contextlib.suppress(FileNotFoundError):
                _numbered(path, number).replace(_numbered(path, number + 1))
        path.replace(_numbered(path, 1))


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")
