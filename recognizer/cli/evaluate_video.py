"""python main.py evaluate video CLIP: score recognition against a truth file, or draft one to correct."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from recognizer.app import build, config
from recognizer.app.recognise_clip import RecognisedClip, recognise_clip
from recognizer.cli import _console, _options
from recognizer.cli._progress import counting, model_bar
from recognizer.cli.enroll import sync
from recognizer.errors import UsageError
from recognizer.evaluation import report
from recognizer.evaluation.draft import write_draft
from recognizer.evaluation.plots import require_matplotlib
from recognizer.evaluation.truth import Truth, read_truth
from recognizer.evaluation.video import score
from recognizer.evaluation.video_report import PEOPLE_HEADINGS, PEOPLE_NOTE, people_rows, rates, video_section
from recognizer.evaluation.video_score import VideoScore
from recognizer.models.resolve import ResolvedModel


def video(
    clip: Annotated[str, typer.Argument(help="Video file.")],
    truth: Annotated[Path | None, typer.Option("--truth", help="Truth file (recognizer/evaluation/truth.py).")] = None,
    annotate: Annotated[
        bool, typer.Option("--annotate", help="Write a draft truth file and contact sheets instead.")
    ] = False,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for what --annotate writes.")] = Path("out"),
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    report_file: _options.ReportOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Score recognition of a clip against its truth: coverage, wrong names, identity switches, time to the name."""
    if (truth is None) == (not annotate):
        raise UsageError("Wanted either --truth FILE, to score against, or --annotate, to draft one.")
    require_matplotlib("--report", report_file)
    known = read_truth(truth) if truth is not None else None
    settings = _options.load_settings(
        config_file,
        gallery=gallery,
        model=model,
        engine=engine,
        weights_dir=weights_dir,
        spec=spec,
        source={"location": clip},
    )
    recorded = recognised(settings, tiles=annotate)
    if known is None:
        target = write_draft(clip, output, recorded.frames, recorded.tiles)
        _console.out.print(f"{escape(str(target))} with contact sheets beside it: check and correct.", soft_wrap=True)
        return
    found = score(known, recorded.frames, enrolled=recorded.enrolled)
    if report_file is not None:
        section = video_section(known, found, recorded.faces, model=recorded.model)
        report.write(report_file, report.page(f"Video: {known.clip}", [section]))
    if as_json:
        _console.print_json({"clip": known.clip, "model": recorded.model, **found.as_dict()})
    else:
        _show(known, found, recorded.model)


def recognised(settings: config.Settings, *, tiles: bool = False) -> RecognisedClip:
    """Recognise the settings' source as ``run`` does, after enrolling what is new in the gallery."""
    return recognise_clip(settings, enrolled_model(settings), tiles=tiles, counting=counting)


def enrolled_model(settings: config.Settings) -> ResolvedModel:
    """Return the model, with which all photos of the gallery are enrolled then."""
    with build.source(settings):
        pass  # a source that cannot be opened is reported before a model is loaded
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    sync(settings, resolved)
    return resolved


def _show(truth: Truth, found: VideoScore, fingerprint: str) -> None:
    values = found.as_dict()
    table = Table(title=f"{escape(truth.clip)}, {escape(fingerprint)}", title_justify="left", show_header=False)
    table.add_column("")
    table.add_column("", justify="right")
    for name, value in rates(found):
        first, _, interval = value.partition("\n")
        table.add_row(name, f"{first}  [dim]{interval}[/]" if interval else first)
    _console.out.print(table)
    if rows := people_rows(found):
        people = Table(*PEOPLE_HEADINGS)
        for column in people.columns[1:]:
            column.justify = "right"
        for row in rows:
            people.add_row(*map(escape, row))
        _console.out.print(people)
        _console.out.print(PEOPLE_NOTE, highlight=False, soft_wrap=True)
    for wrong in values["wrong"]:
        who = wrong["who"] or "nobody"
        _console.out.print(
            f"[red]wrong[/] at {wrong['at_s']} s for {wrong['for_s']} s: {escape(who)} named {escape(wrong['name'])}"
        )
