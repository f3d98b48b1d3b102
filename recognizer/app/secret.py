"""Secrets that settings name: in a variable of the environment, or in a file."""

from __future__ import annotations

import os
from pathlib import Path

from recognizer.capture.address import secret_line
from recognizer.errors import ConfigError, SourceError


def secret(variable: str | None, file: Path | None, *, key: str) -> str | None:
    """Read a secret from a variable or from the first line of a file; ``None`` where neither is named.

    Raises:
        ConfigError: the variable is not set, or the file cannot be read.
    """
    if variable is not None:
        value = os.environ.get(variable)
        if not value:
            raise ConfigError(f"{key}_env: the environment variable {variable} is not set.")
        return value
    if file is None:
        return None
    try:
        return secret_line(file, holds="secret")
    except SourceError as error:
        raise ConfigError(f"{key}_file: {error}") from None
