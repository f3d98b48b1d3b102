"""Rename a person of the gallery, and, once that is confirmed, their tracks in the history."""

from __future__ import annotations

import sys
from contextlib import closing

import typer
from loguru import logger

from recognizer.app import enrolment
from recognizer.app.config import Settings
from recognizer.cli import _console
from recognizer.errors import ConfigError, HistoryError
from recognizer.gallery import upkeep


def rename_everywhere(settings: Settings, person: str, new: str, *, relabel: bool | None) -> str:
    """Rename a person; returns the new name as it is stored.

    Args:
        settings: which gallery and history.
        person: the exact name.
        new: the new name.
        relabel: also in the history; ``None``: prompt at a terminal, else only say that the old name stands there.

    Raises:
        GalleryError: see ``upkeep.rename``.
        HistoryError: if the history cannot be read or written; nothing is changed then.
    """
    if relabel is False or (relabel is None and not settings.has_history):
        return upkeep.rename(settings.gallery.folder, person, new)
    from recognizer.app import people
    from recognizer.app.history import read_history  # SQLAlchemy takes .2 s to import
    from recognizer.history.naming import count_mentions

    try:
        history = read_history(settings)
    except (ConfigError, HistoryError) as error:
        if relabel:
            raise
        logger.warning("{} The name was not changed there.", error)
        return upkeep.rename(settings.gallery.folder, person, new)
    with closing(history):
        count = count_mentions(history, person)
        if not relabel and (not count or not _agreed(person, new, count)):
            return upkeep.rename(settings.gallery.folder, person, new)
        enroller = lambda: enrolment.make_enroller(settings)  # noqa: E731
        action = people.rename_person(settings, history, person, new, enroller=enroller)
    _console.out.print(f"The history says {new}, too; 'history undo {action}' takes both back.", highlight=False)
    return new


def _agreed(person: str, new: str, count: int) -> bool:
    if sys.stdin is None or not sys.stdin.isatty():
        words = f"The history still says {person} {count} times; history merge-people {new!r} {person!r} changes that."
        _console.err.print(words, highlight=False, markup=False)
        return False
    return typer.confirm(f"Rename {person} in the history, too ({count} times)?", err=True)
