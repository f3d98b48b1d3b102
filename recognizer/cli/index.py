"""python main.py index ARCHIVE...: who appears in which recording, and when."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from recognizer.app import build, enrolment
from recognizer.cli import _console, _options
from recognizer.cli._progress import counting, model_bar
from recognizer.counting import counted
from recognizer.errors import SourceError, UsageError

if TYPE_CHECKING:
    from recognizer.app.archive.index import IndexReport

_SHOWN = 40
"""Videos in the table."""


def index(
    places: Annotated[list[Path], typer.Argument(metavar="ARCHIVE...", help="Folders of videos, or videos.")],
    every: Annotated[float, typer.Option("--every", help="Seconds from one part to the next.")] = 2.0,
    face_s: Annotated[float, typer.Option("--face-s", help="Seconds that are recognised where faces are seen.")] = 0.6,
    whole: Annotated[bool, typer.Option("--whole", help="Recognise every picture instead.")] = False,
    processes: Annotated[int | None, typer.Option("--processes", min=1, help="Default: one for each core.")] = None,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help="Address of a Dask cluster's scheduler, tcp://HOST:8786.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also what has not changed, as after people were enrolled.")
    ] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="Delete what the history holds of videos that are gone.")
    ] = False,
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Index recordings in the history: who appears in which file, and when.

    Interrupted, it goes on where it was; videos that have not changed are not read again. Then ask:
    history list --person Ada, history search FACE.jpg.
    """
    from recognizer.app.archive.index import IndexOptions, index_archive  # SQLAlchemy takes .2 s to import
    from recognizer.capture.bursts import Bursts

    if not (0 < every < math.inf and 0 < face_s < math.inf):
        raise UsageError(f"--every and --face-s: wanted more than 0 seconds, got {every:g} and {face_s:g}.")
    settings = _options.load_settings(
        config_file, gallery=gallery, model=model, engine=engine, weights_dir=weights_dir, history={"enabled": True}
    )
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    enrolment.sync(settings, resolved)
    options = IndexOptions(
        bursts=None if whole else Bursts(every_s=every, face_s=face_s),
        processes=processes,
        scheduler=scheduler,
        again=again,
        forget=forget,
    )
    with counting("videos") as on_progress:
        report = index_archive(settings, resolved, places, options, on_progress=on_progress)
    if as_json:
        _console.print_json(dataclasses.asdict(report))
    else:
        _print(report)
    if report.failed:
        count, first = counted(len(report.failed), "video or folder", "videos or folders"), "; ".join(report.failed[:3])
        raise SourceError(f"{count} could not be indexed; all others are done. {first.rstrip('.')}.")


def _print(report: IndexReport) -> None:
    table = Table(title="Indexed", title_justify="left")
    table.add_column("video", overflow="fold")
    for heading in ("length", "tracks"):
        table.add_column(heading, justify="right")
    table.add_column("people", overflow="fold")
    table.add_column("to note", overflow="fold")
    for each in report.indexed[:_SHOWN]:
        people = ", ".join(escape(name) for name in each.people)
        table.add_row(escape(each.source), f"{each.seconds:.0f} s", str(each.tracks), people, escape(each.fault or ""))
    if report.indexed:
        _console.out.print(table)
    if len(report.indexed) > _SHOWN:
        _console.out.print(f"... and {len(report.indexed) - _SHOWN} more")
    parts = [f"{counted(len(report.indexed), 'video', 'videos')} indexed", f"{report.unchanged} unchanged"]
    if report.indexed:
        parts.append(f"{report.seconds / 3600:.2f} hours of video in {report.wall_s:.0f} s")
    _console.out.print("; ".join(parts) + ".", highlight=False)
    if report.forgotten_tracks:
        _console.out.print(f"{counted(report.forgotten_tracks, 'track')} of videos that are gone deleted.")
    elif report.gone:
        _console.out.print(
            f"{counted(len(report.gone), 'video is', 'videos are')} gone; --forget deletes what the history holds of "
            "them.",
            highlight=False,
        )
