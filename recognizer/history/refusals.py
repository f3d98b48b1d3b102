"""Why something of the history cannot be had or changed, as types for callers that answer programs."""

from __future__ import annotations

from recognizer.errors import HistoryError


class NotThereError(HistoryError):
    """There is no such track, cluster or action."""


class ConflictError(HistoryError):
    """Somebody did something else first.

    Args:
        message: for people.
        later: the action that stands in the way, if it is one.
    """

    def __init__(self, message: str, *, later: int | None = None) -> None:
        super().__init__(message)
        self.later = later
