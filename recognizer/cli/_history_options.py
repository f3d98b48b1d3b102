"""Options by which several commands of the history select tracks, and opening it."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recognizer.cli import _options
from recognizer.errors import UsageError
from recognizer.gallery.names import person_name
from recognizer.history.records import Selection

if TYPE_CHECKING:
    from recognizer.history.database import Database

LARGEST = 2**63 - 1
"""Of the numbers that databases keep."""
_MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"]
PersonOption = Annotated[str | None, typer.Option("--person", "-p", help="Only this person.")]
SourceOption = Annotated[str | None, typer.Option("--source", "-s", help="Only this source; see 'history sources'.")]
SinceOption = Annotated[
    dt.datetime | None, typer.Option("--since", formats=_MOMENTS, help="From this local time on, as 2026-03-01.")
]
UntilOption = Annotated[dt.datetime | None, typer.Option("--until", formats=_MOMENTS, help="Before this local time.")]
TimezoneOption = Annotated[
    str | None,
    typer.Option("--timezone", help="Whose days and hours count, as Europe/Berlin; this machine's by default."),
]
TrackArgument = Annotated[
    int, typer.Argument(min=1, max=LARGEST, help="Its number in the first column of 'history list'.")
]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, max=LARGEST, help="Most rows.")]


def open_history(config_file: Path | None, gallery: Path | None) -> closing[Database]:
    """Open the history of the settings, to be closed by ``with``.

    Raises:
        ConfigError: as ``load_settings``.
        HistoryError: if there is none, or it cannot be read.
    """
    from recognizer.app.history import read_history  # SQLAlchemy takes .2 s to import

    return closing(read_history(_options.load_settings(config_file, gallery=gallery)))


def selection(
    person: str | None,
    source: str | None,
    since: dt.datetime | None,
    until: dt.datetime | None,
    *,
    status: str | None = None,
    timezone: str | None = None,
) -> tuple[Selection, dt.tzinfo | None]:
    """Make a selection, and the time zone of its times; ``None`` for this machine's.

    Raises:
        UsageError: if there is no such time zone.
    """
    zone = None
    if timezone is not None:
        from recognizer.history.reports.attendance import time_zone  # SQLAlchemy takes .2 s to import

        zone = time_zone(timezone)
    chosen = Selection(
        person=None if person is None else person_name(person),
        source=source,
        since=_aware(since, zone),
        until=_aware(until, zone),
        status=status,
    )
    return chosen, zone


def _aware(moment: dt.datetime | None, zone: dt.tzinfo | None) -> dt.datetime | None:
    """Give a time its zone, as a moment in UTC, which compares and subtracts exactly."""
    if moment is None:
        return None
    try:
        return (moment.astimezone() if zone is None else moment.replace(tzinfo=zone)).astimezone(dt.UTC)
    except (OverflowError, ValueError):  # in the year 1 or 9999, beside UTC
        raise UsageError(f"{moment}: wanted a time of this age.") from None
