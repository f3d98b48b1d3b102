"""Files with one secret each, for their owner only: settings files name them and hold none."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from recognizer.errors import ConfigError, UsageError


def keep_secret(folder: Path, secret: str, *, what: str) -> Path:
    """Write a secret to a new file; named after its owner, it would be another's after a change of names.

    Args:
        folder: made with mode 0700 where it is missing.
        secret: one line.
        what: it is, such as ``password``, for errors.

    Raises:
        UsageError: if it has several lines.
        ConfigError: if it cannot be written.
    """
    if "\n" in secret or "\r" in secret:
        raise UsageError(f"A {what} has one line.")
    path = folder.absolute() / f"{secrets.token_hex(8)}.txt"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(secret + "\n")
    except OSError as error:
        with suppress(OSError):
            path.unlink(missing_ok=True)  # half a secret is none
        raise ConfigError(f"The {what} cannot be kept in {path.parent}: {error.strerror}.") from None
    return path
