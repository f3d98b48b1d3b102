"""python main.py enroll: bring the record of a gallery in line with its folder of photos."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from loguru import logger
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from recognizer.app import build, config, enrolment, measuring, successor
from recognizer.cli import _console, _options
from recognizer.cli._progress import model_bar
from recognizer.counting import counted
from recognizer.errors import GalleryError
from recognizer.gallery.enrol import EnrolReport, PhotoReport
from recognizer.gallery.folder import require_gallery
from recognizer.models.resolve import ResolvedModel


def enroll(
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    reembed: Annotated[bool, typer.Option("--reembed", help="Replace the vectors of another model.")] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Work on all photos again; replaces a damaged record.")
    ] = False,
    as_json: _options.JsonOption = False,
    yes: _options.YesOption = False,
) -> None:
    """Enrol everybody who has a folder of photos in the gallery; forget those whose folder is gone."""
    settings = _options.load_settings(
        config_file, gallery=gallery, model=model, engine=engine, weights_dir=weights_dir, spec=spec
    )
    require_gallery(settings.gallery.folder)  # before models are loaded, or even fetched
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    logger.info("model {}: {}", resolved.name, resolved.origin)
    report = enrol_folder(settings, resolved, reembed=reembed, rebuild=rebuild, yes=yes)
    print_enrolment(report, as_json=as_json)


def enrol_folder(
    settings: config.Settings,
    resolved: ResolvedModel,
    *,
    reembed: bool = False,
    rebuild: bool = False,
    yes: bool = False,
) -> EnrolReport:
    """Bring the gallery's record in line with its folder, with a bar, asking before people are forgotten.

    Raises:
        GalleryError: see ``Enroller.enrol``.
    """
    old = successor.predecessor(settings, resolved)
    with enrolment.warning_of_flips(settings, resolved), _bar() as (on_photo, pause):
        enroller = measuring.with_processes(enrolment.make_enroller(settings, resolved), settings, resolved)
        report = enroller.enrol(
            settings.gallery.folder,
            reembed=reembed or old is not None,
            rebuild=rebuild,
            on_photo=on_photo,
            may_forget=lambda names: yes or _ask_to_forget(names, pause),
        )
    if old is not None:
        successor.take_calibration_over(settings, resolved, old)
    return report


def print_enrolment(report: EnrolReport, *, as_json: bool) -> None:
    """Print what an enrolment did.

    Raises:
        GalleryError: if nobody is enrolled, or somebody with a folder is not.
    """
    if as_json:
        _console.print_json(as_document(report))
    else:
        show(report)
    if not report.people:
        raise enrolment.nobody_enrolled(report)
    if missing := [*report.without_photo, *(item.where for item in report.skipped if item.link)]:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise GalleryError(f"All others are enrolled, but nothing could be used of: {', '.join(missing[:5])}{more}.")


def sync(settings: config.Settings, resolved: ResolvedModel) -> None:
    """Enrol new photos before a run, with a progress bar; see ``recognizer.app.enrolment.sync``."""
    with _bar() as (on_photo, _):
        enrolment.sync(settings, resolved, on_photo=on_photo)


@contextmanager
def _bar() -> Iterator[tuple[Callable[[int, int, str], None], Callable[[], None]]]:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_console.err, transient=True, disable=not _console.err.is_terminal) as bar:
        task = bar.add_task("looking for photos", total=None)

        def on_photo(done: int, total: int, name: str) -> None:
            bar.update(task, completed=done, total=total, description=name[-40:])

        yield on_photo, bar.stop


def _ask_to_forget(names: tuple[str, ...], pause: Callable[[], None]) -> bool:
    """Ask at the terminal whether to forget people; a script cannot answer, so there the folder counts as it is."""
    if sys.stdin is None or not sys.stdin.isatty():  # None when it was closed before Python started
        return True
    pause()
    who = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return typer.confirm(f"No folder any more: {who}. Forget them?", err=True)


def show(report: EnrolReport) -> None:
    """Print a table of every photo, and what came of the whole."""
    if report.photos:
        table = Table(title=f"Gallery {escape(str(report.folder))}", title_justify="left")
        for heading in ("person", "photo", "", "what there is to say"):
            table.add_column(heading, overflow="fold")
        for photo in report.photos:
            table.add_row(escape(photo.person), escape(photo.file), _state(photo), escape(enrolment.reason(photo)))
        _console.out.print(table)
    for item in report.skipped:
        _console.out.print(f"[yellow]skipped[/] {escape(item.where)}: {escape(item.reason)}", highlight=False)
    for name in report.without_photo:
        _console.out.print(f"[yellow]warning[/] {escape(name)} has no usable photo and will not be recognised.")
    for name in report.forgotten:
        _console.out.print(f"forgotten: {escape(name)}, who has no folder any more", highlight=False)
    accepted = sum(photo.accepted for photo in report.photos)
    processed = sum(photo.processed for photo in report.photos)
    _console.out.print(
        f"{counted(len(report.people), 'person', 'people')} enrolled with "
        f"{accepted} of {counted(len(report.photos), 'photo')}; "
        f"{processed} {'was' if processed == 1 else 'were'} new or changed. Model {escape(report.model)}.",
        highlight=False,
    )


def _state(photo: PhotoReport) -> str:
    if not photo.accepted:
        return "[red]refused[/]"
    return "[yellow]accepted[/]" if photo.notes else "[green]accepted[/]"


def as_document(report: EnrolReport) -> dict[str, Any]:
    """The report for a program."""
    return {
        "gallery": str(report.folder),
        "model": report.model,
        "people": list(report.people),
        "without_photo": list(report.without_photo),
        "forgotten": list(report.forgotten),
        "photos": [
            {
                "person": photo.person,
                "file": photo.file,
                "accepted": photo.accepted,
                "processed": photo.processed,
                "worked_on": photo.processed,  # the old name, for one release
                "notes": [{"finding": note.finding.value, "text": note.text} for note in photo.notes],
                "quality": None if photo.quality is None else photo.quality.as_dict(),
            }
            for photo in report.photos
        ],
        "skipped": [{"where": item.where, "reason": item.reason} for item in report.skipped],
    }
