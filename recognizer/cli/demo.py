"""python main.py demo: make a clip, enrol a gallery, recognise, and see whether it came out right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from recognizer.app import build
from recognizer.app.enrolment import make_enroller
from recognizer.app.session import Session
from recognizer.cli import _console, _options
from recognizer.cli._progress import model_bar
from recognizer.cli.enroll import show
from recognizer.demo import demo_clip, demo_files
from recognizer.demo.self_check import Row, as_document, check
from recognizer.errors import RecognizerError


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the clip and what comes of it.")] = Path(
        "out/demo"
    ),
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Try everything on a short clip of people in the public domain; exits 0 only if all is right."""
    gallery, clip = output / "gallery", output / "clip.mp4"
    events, summary, labelled = output / "events.jsonl", output / "summary.json", output / "labelled.mp4"
    settings = _options.load_settings(
        gallery=gallery,
        model=model,
        engine=engine,
        weights_dir=weights_dir,
        source={"location": str(clip)},
        emit={"headless": True, "video": labelled, "events": str(events), "summary": summary},
    )
    demo_files.write_gallery(gallery)
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    report = make_enroller(settings, resolved).enrol(gallery, reembed=True)
    if not as_json:
        show(report)
    demo_files.write_clip(clip)
    figures = Session(settings, model_progress=model_bar).run().as_dict()
    outcome = check(demo_files.read_events(events))
    if as_json:
        _console.print_json(as_document(outcome, figures))
    else:
        _console.out.print(table(outcome.rows))
        _console.out.print(
            f"{demo_clip.LENGTH_S:.0f} s of video in {figures['wall_s']:.1f} s, {figures['fps']:.0f} frames a second, "
            f"model {figures['model']} on {figures['engine']}.\nLabelled video: {labelled}\nEvents: {events}",
            highlight=False,
            soft_wrap=True,
        )
    if outcome.problems:
        raise RecognizerError("The demonstration went wrong:\n- " + "\n- ".join(outcome.problems))
    if not as_json:
        _console.out.print("[green]All is right:[/] both enrolled people were named, the stranger never was.")


def table(rows: Sequence[Row]) -> Table:
    """Who was on screen, and what was said about them."""
    shown = Table(title="Who was seen when", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("on screen", "when", "said to be", "when", "cosine", ""):
        shown.add_column(heading, no_wrap=True)
    for row in rows:
        there = row.appearance
        spans = row.named + row.misnamed
        shown.add_row(
            there.person if there.enrolled else f"{there.person}, stranger",
            _times(there.begins_s, there.ends_s),
            ", ".join(dict.fromkeys(span.name for span in spans)) or "nobody we know",
            _times(min(s.begins_s for s in spans), max(s.ends_s for s in spans)) if spans else "",
            f"{max(span.similarity for span in spans):.2f}" if spans else "",
            "[red]wrong[/]" if row.problems else "[green]right[/]",
        )
    shown.add_row("nobody", _times(*demo_clip.EMPTY), "", "", "", "")
    return shown


def _times(begins_s: float, ends_s: float) -> str:
    return f"{begins_s:.1f}-{ends_s:.1f} s"
