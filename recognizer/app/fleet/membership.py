"""What a box knows of its fleet, in a private folder: the service, its key, its own token, and what came of it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from recognizer.errors import ConfigError, UsageError
from recognizer.whole_files import PRIVATE, whole_file

FILE_NAME = "membership.json"
STATE_NAME = "state.json"


@dataclass(frozen=True, slots=True)
class Membership:
    """A box's place in a fleet."""

    address: str
    """Of the service, without a path."""
    box: str
    token: str = field(repr=False)
    key: str
    """The service's public key; base64."""


@dataclass(slots=True)
class FleetState:
    """How pulling and pushing stand; times are ISO 8601."""

    pulled_at: str | None = None
    """When the service was last found to have nothing newer than this box."""
    pushed_at: str | None = None
    people: int = 0
    waiting: int = 0
    """Tracks that were not pushed yet."""
    pushed: int = 0
    lost: int = 0
    """Tracks that were deleted here, by age or size, before they could be pushed."""
    problem: str | None = None
    """Why the last attempt failed."""
    departed: dict[str, str | None] = field(default_factory=dict)
    """Who is to be forgotten in the history, or bears another name now: not done yet."""


def is_box(folder: Path) -> bool:
    """Whether this machine has joined a fleet."""
    return (folder / FILE_NAME).exists()


def read_membership(folder: Path) -> Membership | None:
    """Read it; ``None`` where this machine has joined no fleet.

    Raises:
        ConfigError: if the file cannot be used.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return None
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise ConfigError(f"{path} holds a token and can be read by other users: chmod 600 {path}")
        return Membership(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{path} cannot be used ({type(error).__name__}); delete it and join again.") from None


def require_membership(folder: Path) -> Membership:
    """Read it.

    Raises:
        ConfigError: if the file cannot be used.
        UsageError: if this machine has joined no fleet.
    """
    found = read_membership(folder)
    if found is None:
        raise UsageError("This machine is no box of a fleet; 'fleet join ADDRESS CODE' makes it one.")
    return found


def keep_membership(folder: Path, membership: Membership) -> None:
    """Write it.

    Raises:
        ConfigError: if it cannot be written.
    """
    _write(folder, FILE_NAME, asdict(membership))


def read_state(folder: Path) -> FleetState:
    """Read how things stand; nothing where that is not known."""
    try:
        return FleetState(**json.loads((folder / STATE_NAME).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return FleetState()


def keep_state(folder: Path, state: FleetState) -> None:
    """Write how things stand.

    Raises:
        ConfigError: if it cannot be written.
    """
    _write(folder, STATE_NAME, asdict(state))


def _write(folder: Path, name: str, values: dict[str, Any]) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with whole_file(folder / name, mode=PRIVATE) as part:
            part.write_text(json.dumps(values, indent=1), "utf-8")
    except OSError as error:
        raise ConfigError(f"{folder / name} cannot be written: {error.strerror}.") from None
