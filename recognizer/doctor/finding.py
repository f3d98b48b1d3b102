"""What a check found out."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from recognizer.errors import RecognizerError


class State(enum.Enum):
    """How something is."""

    OK = "ok"
    WARNING = "warning"
    """It works, and should be changed."""
    BROKEN = "broken"
    """A run would fail, or do without it."""
    OFF = "off"
    """The settings do not ask for it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found out; no text of it holds a secret."""

    area: str
    """Such as ``camera`` or ``disk``."""
    subject: str
    """What of it: a camera's name, a folder."""
    state: State
    message: str
    """What was found, in words."""
    remedy: str = ""
    """What to do; empty where nothing is to do."""

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "area": self.area,
            "subject": self.subject,
            "state": self.state.value,
            "message": self.message,
            "remedy": self.remedy or None,
        }


def guarded(area: str, subject: str, check: Callable[[], Iterable[Finding]], remedy: str = "") -> Iterator[Finding]:
    """Yield a check's findings; what it raises becomes one, too.

    Args:
        area: of a finding that stands for an error.
        subject: the same.
        check: does the work.
        remedy: what to do about an error whose message does not say it.
    """
    try:
        yield from check()
    except RecognizerError as error:
        yield Finding(area, subject, State.BROKEN, str(error), remedy)
    except Exception as error:  # libraries raise anything; its text could hold an address with a password
        yield Finding(
            area,
            subject,
            State.BROKEN,
            f"the check itself failed ({type(error).__name__})",
            "Run doctor again with --debug, and report it.",
        )
