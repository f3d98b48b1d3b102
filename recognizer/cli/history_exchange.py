"""python main.py history export, import: the history as a file, and files into the history."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from recognizer.cli import _console, _files, _history_options, _options
from recognizer.cli._progress import counting
from recognizer.counting import counted

_FORMATS = (".jsonl", ".parquet")


def export(
    file: Annotated[Path, typer.Argument(help="The new file: JSON lines (.jsonl) or Parquet (.parquet).")],
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
    person: _history_options.PersonOption = None,
    source: _history_options.SourceOption = None,
    since: _history_options.SinceOption = None,
    until: _history_options.UntilOption = None,
    timezone: _history_options.TimezoneOption = None,
    vectors: Annotated[bool, typer.Option("--vectors", help="Also the samples: times, qualities, vectors.")] = False,
    as_json: _options.JsonOption = False,
) -> None:
    """Write tracks with names and times into a file that is not encrypted."""
    from recognizer.history import backup_list
    from recognizer.history.exchange.exporting import export as write  # SQLAlchemy takes .2 s to import

    suffix = _files.require_suffix(file, _FORMATS, option="FILE")
    wanted, _ = _history_options.selection(person, source, since, until, timezone=timezone)
    with (
        _history_options.open_history(config_file, gallery) as history,
        counting("exporting") as progress,
    ):
        with _files.replacing(file, wanted="the export") as part:
            count = write(history, part, suffix=suffix, selection=wanted, vectors=vectors, progress=progress)
        backup_list.add(
            history, file, at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), kind=backup_list.EXPORT
        )
        is_encrypted = history.key_check is not None
    if as_json:
        _console.print_json({"file": str(file), "tracks": count, "vectors": vectors, "encrypted": False})
    else:
        _console.out.print(f"{file}: {counted(count, 'track')}.", highlight=False, markup=False)
    what = "names, times and faces' vectors" if vectors else "names and times"
    note = "The history is encrypted, this file is not" if is_encrypted else "The file is not encrypted"
    _console.err.print(f"{note}: whoever can read it has {what}.", highlight=False, soft_wrap=True)


def import_(
    files: Annotated[list[Path], typer.Argument(help="Event logs of 'run --events', and files of 'history export'.")],
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Add the tracks of event logs and exports; what is there already is left alone."""
    from recognizer.app.history import count_old, open_or_create
    from recognizer.history.exchange.importing import import_files

    settings = _options.load_settings(config_file, gallery=gallery)
    with closing(open_or_create(settings)) as history:
        with counting("importing, kB") as progress:
            done = import_files(history, files, progress=progress)
        old = count_old(settings, history)
    if as_json:
        _console.print_json(done.as_dict())
    else:
        _console.out.print(
            f"{history.place}: {counted(done.added, 'track')} added, {done.present} already there"
            + (f", {done.extended} extended" if done.extended else "")
            + ".",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    if done.damaged:
        lines = "1 line is" if done.damaged == 1 else f"{done.damaged} lines are"
        text = f"{lines} damaged and skipped; the first: {done.first_damaged}."
        _console.err.print(text, highlight=False, markup=False, soft_wrap=True)
    if old:
        _console.err.print(
            f"{counted(old, 'track')} of this history, older than history.known_days or history.unknown_days allow: "
            "the next run with the history on deletes them.",
            highlight=False,
            soft_wrap=True,
        )
