"""Cursors: where a list goes on, as a text that callers pass back unread."""

from __future__ import annotations

import base64
import binascii

from recognizer.errors import UsageError

_LARGEST = 2**63 - 1  # of a database's integers


def encode(*numbers: int) -> str:
    """Make a cursor of some integers."""
    return base64.urlsafe_b64encode(".".join(map(str, numbers)).encode()).decode().rstrip("=")


def decode(cursor: str, count: int) -> tuple[int, ...]:
    """Return the integers of a cursor.

    Raises:
        UsageError: if it is none, or not of so many integers.
    """
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        numbers = tuple(int(word) for word in text.split("."))
    except (binascii.Error, ValueError):
        numbers = ()
    if len(numbers) != count or any(abs(number) > _LARGEST for number in numbers):
        raise UsageError("This is no cursor of this list; take the one that came with the page before.")
    return numbers
