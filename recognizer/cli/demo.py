"""python main.py demo: make a clip, enrol a gallery, recognise, and see whether it came out right."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import cv2
import typer
from loguru import logger
from rich import box
from rich.table import Table

from recognizer.app import build
from recognizer.app.session import Session
from recognizer.cli import _console, _options
from recognizer.cli._progress import model_bar
from recognizer.cli.enroll import make_enroller, show
from recognizer.demo import demo_clip
from recognizer.demo.self_check import Row, Verdict, check
from recognizer.emit.video import VideoWriter
from recognizer.errors import OutputError, RecognizerError
from recognizer.types import Frame, FrameResult, Tracks


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
    write_gallery(gallery)
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    report = make_enroller(settings, resolved).enrol(gallery, reembed=True)
    if not as_json:
        show(report)
    write_clip(clip)
    figures = Session(settings, make_enroller=make_enroller, model_progress=model_bar).run().as_dict()
    verdict = check(read_events(events))
    if as_json:
        _console.print_json(_document(verdict, figures))
    else:
        _console.out.print(table(verdict.rows))
        _console.out.print(
            f"{demo_clip.LENGTH_S:.0f} s of video in {figures['wall_s']:.1f} s, {figures['fps']:.0f} frames a second, "
            f"model {figures['model']} on {figures['engine']}.\nLabelled video: {labelled}\nEvents: {events}",
            highlight=False,
            soft_wrap=True,
        )
    if verdict.problems:
        raise RecognizerError("The demonstration went wrong:\n- " + "\n- ".join(verdict.problems))
    if not as_json:
        _console.out.print("[green]All is right:[/] both enrolled people were named, the stranger never was.")


def write_gallery(folder: Path) -> None:
    """Lay out the photos to enrol: a folder for each person.

    Raises:
        OutputError: if they cannot be written.
    """
    for person, files in demo_clip.GALLERY.items():
        for file in files:
            _, data = cv2.imencode(".jpg", demo_clip.gallery_photo(file), [cv2.IMWRITE_JPEG_QUALITY, 92])
            path = folder / person / file
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data.tobytes())
            except OSError as error:
                raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error


def write_clip(path: Path) -> None:
    """Paint the clip into a video file.

    Raises:
        OutputError: if it cannot be written.
    """
    with VideoWriter(path, render=lambda result: result.frame.image, crf=18) as writer:
        for index, (at_s, image) in enumerate(demo_clip.frames()):
            writer.emit(FrameResult(Frame(image, index, at_s, "demo"), Tracks.empty(), (), ()))
    if writer.failed:
        raise OutputError(f"The clip {path} cannot be written: {writer.failed}.")
    logger.debug("clip: {} frames, {}", writer.frames, path)


def read_events(path: Path) -> list[dict[str, Any]]:
    """The objects of an event log.

    Raises:
        OutputError: if the log was not written.
    """
    try:
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise OutputError(f"The event log {path} of this run cannot be read: {error}.") from error


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


def _document(verdict: Verdict, figures: Any) -> dict[str, Any]:
    rows = [
        {
            "person": row.appearance.person,
            "enrolled": row.appearance.enrolled,
            "begins_s": row.appearance.begins_s,
            "ends_s": row.appearance.ends_s,
            "covered": round(row.covered, 3),
            "named": [asdict(span) for span in row.named],
        }
        for row in verdict.rows
    ]
    return {"right": not verdict.problems, "problems": list(verdict.problems), "seen": rows, "summary": figures}
