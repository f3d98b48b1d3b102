"""Numbers with their nouns, as people say them."""

from __future__ import annotations


def counted(count: int, one: str, many: str | None = None) -> str:
    """Say how many: "1 track", "3 tracks", "0 people".

    Args:
        count: how many.
        one: the noun for one.
        many: the noun for any other number; by default ``one`` and an "s".
    """
    return f"{count} {one if count == 1 else many or one + 's'}"
