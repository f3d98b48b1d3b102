"""What the system refuses, in words: folders that may not be entered, names that are too long, a disk that is full."""

from __future__ import annotations

import errno
import os

from recognizer.capture.names import display_name
from recognizer.emit.places import words
from recognizer.errors import InputError, OutputError, RecognizerError, UsageError

_WRITING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG})
"""Errors that only writing meets."""


def of_the_system(error: OSError | MemoryError | UnicodeEncodeError) -> tuple[str, int]:
    """Return a message and an exit status for what no part of the program has put into words itself.

    Args:
        error: of a file, the network, memory, or text that was given in another encoding.
    """
    if isinstance(error, MemoryError):
        message = "there is not enough memory; end other programs, or raise the limit ('ulimit -v')."
        return message, RecognizerError.exit_code
    if isinstance(error, UnicodeEncodeError):  # what it could not encode may be a secret
        return "a name or value that was given holds bytes that are not UTF-8; rename it.", UsageError.exit_code
    reason = words(error)
    if error.errno in _WRITING:
        return (
            f"{_place(error)}cannot be written ({reason}); make room, or choose another place.",
            OutputError.exit_code,
        )
    remedy = "check the name, and the permissions of each folder on the way"
    return f"{_place(error)}cannot be used ({reason}); {remedy}.", InputError.exit_code


def _place(error: OSError) -> str:
    """Name the file; a name that was meant as an address may hold a password."""
    if not isinstance(error.filename, (str, bytes)):  # a descriptor, or nothing
        return "a file "
    return f"{display_name(os.fsdecode(error.filename))}: "
