"""Take a removed person out of events that wait for other systems."""

from __future__ import annotations

from pathlib import Path

from recognizer.app.config import Settings
from recognizer.integrations.removed import remove_from_files


def forget_undelivered(settings: Settings, name: str) -> tuple[Path, ...]:
    """Take a name out of events that wait for other systems, and out of what rules remember.

    Returns:
        Files of a run that is on: it does so itself when it sees that the person is no longer in the gallery.
    """
    return tuple(remove_from_files(settings.integrations.place(settings.gallery.folder), name))
