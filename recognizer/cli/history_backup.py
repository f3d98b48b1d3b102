"""python main.py history: back it up, restore it, and list the backups."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

from recognizer.cli import _console, _history_options, _options
from recognizer.cli._tables import show_rows
from recognizer.counting import counted
from recognizer.errors import ConfigError, UsageError


def backup(
    path: Annotated[Path, typer.Argument(help="The file; an older backup there is replaced.")],
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Copy the history into one file, while a run may go on."""
    from recognizer.history.backup import back_up  # SQLAlchemy takes .2 s to import

    with _history_options.open_history(config_file, gallery) as history:
        done = back_up(history, path)
    if as_json:
        _console.print_json({"path": str(path), **dataclasses.asdict(done)})
        return
    plain = "Names, times and sources in it are not encrypted" + (
        ", vectors and pictures are; keep their key elsewhere." if done.encrypted else ", nor are vectors and pictures."
    )
    _console.out.print(
        f"{path} holds {counted(done.tracks, 'track')}. {plain}", highlight=False, markup=False, soft_wrap=True
    )


def restore(
    path: Annotated[Path, typer.Argument(help="A file that 'history backup' wrote.")],
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
    yes: _options.YesOption = False,
) -> None:
    """Put a backup in the place of the history; a damaged one is refused, and the present one is kept beside."""
    from recognizer.history.backup import POSTGRESQL
    from recognizer.history.backup import restore as restore_history
    from recognizer.history.database import REPLACED
    from recognizer.history.encryption import find_key

    settings = _options.load_settings(config_file, gallery=gallery)
    folder = settings.history_place
    if isinstance(folder, str):
        raise ConfigError(POSTGRESQL)
    if not yes and not typer.confirm(f"Replace the history in {folder} by {path}?", err=True):
        raise UsageError("Nothing was changed.")
    had_one = settings.has_history
    done = restore_history(folder, path, key=find_key(settings.history.key_file))
    words = f"The history of {done.at} with {counted(done.tracks, 'track')} is restored."
    if had_one:
        words += f" The one before is {folder / REPLACED}, until the next restore or 'history forget'."
    _console.out.print(words, highlight=False, markup=False, soft_wrap=True)


def backups(
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """List the backups that were made of the history."""
    from recognizer.history.backup_list import list_backups  # SQLAlchemy takes .2 s to import

    with _history_options.open_history(config_file, gallery) as history:
        found = list_backups(history)
    if as_json:
        _console.print_json(found)
    else:
        show_rows(found, "No backup was made, or all were deleted.")


COMMANDS: tuple[Any, ...] = (backup, restore, backups)
