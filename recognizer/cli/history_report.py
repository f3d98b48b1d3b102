"""python main.py history sightings, report: who was present when."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from recognizer.cli import _console, _files, _history_options, _options
from recognizer.cli._tables import short_source, show_rows
from recognizer.errors import UsageError
from recognizer.history.sightings import GAP_S, Period, Presence, Sighting, SightingMerger, clock_time, within

GapOption = Annotated[
    float,
    typer.Option("--gap", min=0, max=86_400, help="Seconds out of sight within which a person counts as present."),
]
_FORMATS = (".csv", ".xlsx", ".html")  # of reports.formats, which a test holds to it


def list_sightings(
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
    person: _history_options.PersonOption = None,
    source: _history_options.SourceOption = None,
    since: _history_options.SinceOption = None,
    until: _history_options.UntilOption = None,
    timezone: _history_options.TimezoneOption = None,
    gap: GapOption = GAP_S,
    per_source: Annotated[
        bool, typer.Option("--per-source", help="Who goes from one source to another is seen anew.")
    ] = False,
    limit: _history_options.LimitOption = 50,
    as_json: _options.JsonOption = False,
) -> None:
    """List sightings, the newest first: a person's tracks, merged across sources and short gaps."""
    from recognizer.history.tracks import named_spans  # SQLAlchemy takes .2 s to import

    wanted, zone = _history_options.selection(person, source, since, until, timezone=timezone)
    with _history_options.open_history(config_file, gallery) as history:
        merger = SightingMerger(gap_s=gap, across_sources=not per_source)
        for track in named_spans(history, wanted):
            merger.add(track)
    newest = within(merger.sightings(), wanted.since, wanted.until)[::-1][:limit]
    if as_json:
        _console.print_json([one.as_dict(zone) for one in newest])
        return
    show_rows([_sighting_row(one, zone) for one in newest], "No named person was seen.")
    if len(newest) == limit:
        _console.out.print(f"The newest {limit}; --limit shows more.", highlight=False)


def report(
    by: Annotated[str, typer.Option("--by", help="A row for each person and day, hour, or only person.")] = "day",
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
    person: _history_options.PersonOption = None,
    source: _history_options.SourceOption = None,
    since: _history_options.SinceOption = None,
    until: _history_options.UntilOption = None,
    timezone: _history_options.TimezoneOption = None,
    gap: GapOption = GAP_S,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the report here (.csv, .xlsx or .html).")
    ] = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Report who was present: first and last time, seconds and sightings, by local days."""
    from recognizer.history.reports.attendance import make_report  # SQLAlchemy takes .2 s to import

    if by not in get_args(Period):
        raise UsageError(f"--by: wanted one of {', '.join(get_args(Period))}, got {by!r}.")
    suffix = None if output is None else _files.require_suffix(output, _FORMATS, option="--output")
    wanted, zone = _history_options.selection(person, source, since, until, timezone=timezone)
    with _history_options.open_history(config_file, gallery) as history:
        made = make_report(history, wanted, by=cast(Period, by), zone=zone, gap_s=gap)
    if output is not None and suffix is not None:
        from recognizer.history.reports.formats import FORMATS

        _files.save(output, FORMATS[suffix].render(made), wanted="the report")
    if as_json:
        _console.print_json(made.as_rows())
    elif output is None:
        show_rows([_shown_presence(row, by) for row in made.rows], "No named person was seen.")
    else:
        rows = "1 row" if len(made.rows) == 1 else f"{len(made.rows)} rows"
        _console.out.print(f"{output}: {rows}, times of {made.zone_name}.", highlight=False, markup=False)


def _sighting_row(one: Sighting, zone: dt.tzinfo | None) -> dict[str, Any]:
    began, ended = one.began.astimezone(zone), one.ended.astimezone(zone)
    same_day = began.date() == ended.date()
    return {
        "person": one.person,
        "sources": ", ".join(short_source(source) for source in one.sources),
        "began": f"{began:%Y-%m-%d %H:%M:%S}",
        "ended": f"{ended:%H:%M:%S}" if same_day else f"{ended:%Y-%m-%d %H:%M:%S}",
        "seconds": round(one.seconds, 1),
        "tracks": ", ".join(map(str, one.track_ids[:8])) + (" ..." if one.tracks > 8 else ""),
    }


def _shown_presence(row: Presence, by: str) -> dict[str, Any]:
    """Shorten a row of the report for a terminal: times of day, where the day stands in the first column."""
    if by == "person":
        first, last = f"{row.first:%Y-%m-%d %H:%M:%S}", f"{row.last:%Y-%m-%d %H:%M:%S}"
    else:
        first, last = clock_time(row.first, ends=False), clock_time(row.last, ends=True)
    return {**row.as_dict(cast(Period, by)), "source": short_source(row.source), "first": first, "last": last}
