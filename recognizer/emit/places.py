"""Where output goes: make the folder, refuse what cannot be written before the work starts."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from loguru import logger

from recognizer.errors import OutputError


def require_place(path: Path, *, wanted: str, beside: bool = True) -> None:
    """Make sure that a file can be written at ``path``; its folder is made, the file is not touched.

    Args:
        path: The file that will be written.
        wanted: What it is for, as messages say it: "a video".
        beside: A temporary file is written beside it first, so that its folder must be writable too.

    Raises:
        OutputError: It is a folder, or its folder can neither be made nor written to.
    """
    try:
        if path.is_dir():
            raise OutputError(
                f"{path}: wanted a file name for {wanted}, this is a folder; add a name, such as {path}/out."
            )
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            logger.info("made the folder {} for {}", path.parent, wanted)
        if beside or not path.exists():
            with tempfile.TemporaryFile(dir=path.parent):
                pass
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(13, "no write permission")
    except (OSError, ValueError) as error:
        raise unwritable(path, wanted, error) from error


def unwritable(path: Path, wanted: str, error: BaseException) -> OutputError:
    """The message for a place that refuses."""
    return OutputError(
        f"{path}: {wanted} cannot be written here ({words(error)}); choose another place, or change its permissions."
    )


def words(error: BaseException) -> str:
    """A system error in words, without number and path."""
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
