"""Whose a gallery is: this machine's own, with photos, or a copy of a service's, without any.

A copy bears a fact of its record that names the service. It follows the service alone: whatever else would change it,
an enrolment of its empty folders above all, is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from recognizer.errors import PulledGalleryError

FACT = "pulled"
"""Key among the facts of a record."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The service that a gallery is a copy of, and up to which change it is one."""

    service: str
    """Its address."""
    cursor: str
    """Of its changes."""

    def as_text(self) -> str:
        """Return the fact."""
        return json.dumps(asdict(self))


def origin_in(facts: Mapping[str, Any]) -> Origin | None:
    """Return where a gallery comes from, by the facts of its record; ``None`` for one of its own."""
    text = facts.get(FACT)
    return None if text is None else Origin(**json.loads(text))


def require_own(facts: Mapping[str, Any], folder: Path) -> None:
    """Refuse to change a copy.

    Raises:
        PulledGalleryError: it names the service.
    """
    if (origin := origin_in(facts)) is not None:
        raise PulledGalleryError(
            f"The gallery {folder} is pulled from {origin.service}; enrol, rename and remove people there. "
            "'fleet leave' makes it this machine's own again."
        )
