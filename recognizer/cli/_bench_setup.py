"""Options of all benches, their setup, and how figures are saved."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from loguru import logger

from recognizer.app import build
from recognizer.bench import threads
from recognizer.bench.subject import Bench, write_clip
from recognizer.bench.timing import Spread
from recognizer.capture.sources import SourceKind, require_openable, source_kind
from recognizer.cli import _console, _options
from recognizer.cli._progress import model_bar
from recognizer.cli.enroll import sync
from recognizer.demo import demo_files
from recognizer.emit.places import require_place, unwritable
from recognizer.errors import UsageError

FOLDER = Path("out/bench")

ClipOption = Annotated[Path | None, typer.Option("--clip", help="Video file; default: the demonstration's, enlarged.")]
FramesOption = Annotated[int, typer.Option("--frames", min=2, help="Frames of the clip, at most.")]
PlotOption = Annotated[Path | None, typer.Option("--plot", help="Draw a chart here (.svg).")]
SaveOption = Annotated[Path | None, typer.Option("--json", help="Save all figures here; - for standard output.")]


def set_up(
    clip: Path | None,
    gallery: Path | None,
    config_file: Path | None,
    *,
    model: str | None,
    engine: str | None,
    weights_dir: Path | None,
    spec: str | None = None,
) -> Bench:
    """Load settings and model, make clip and gallery if needed, enrol the people and limit the threads.

    Raises:
        UsageError: if the clip is no video file.
    """
    if clip is not None and (kind := source_kind(str(clip))) is not SourceKind.VIDEO:
        raise UsageError(f"--clip: wanted a video file, got {kind.value}: {clip}.")
    settings = _options.load_settings(
        config_file,
        sources=[str(clip or FOLDER / "clip.mp4")],
        gallery=gallery or FOLDER / "gallery",
        model=model,
        engine=engine,
        weights_dir=weights_dir,
        spec=spec,
        emit={"headless": True},
    )
    if clip is None:
        write_clip(FOLDER / "clip.mp4")
    require_openable(build.source(settings))
    if gallery is None:
        demo_files.write_gallery(FOLDER / "gallery")
    threads.set_up(settings.engine.threads)
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    logger.info("model {}: {}", resolved.name, resolved.origin)
    sync(settings, resolved)
    return Bench(settings, resolved)


def save(
    path: Path | None,
    figures: Mapping[str, Any],
    show: Callable[[], None],
    *,
    plot: Path | None = None,
    draw: Callable[[], str] | None = None,
) -> None:
    """Print tables by ``show``, and save figures and chart if their paths are given.

    Raises:
        OutputError: if they cannot be written.
    """
    if plot is not None and draw is not None:
        write(plot, draw(), wanted="the chart")
    if path == Path("-"):
        _console.print_json(figures)
        return
    show()
    if path is None:
        return
    write(path, json.dumps(figures, ensure_ascii=False, indent=2) + "\n", wanted="the figures")


def write(path: Path, text: str, *, wanted: str) -> None:
    """Write a text file.

    Raises:
        OutputError: if it cannot be written.
    """
    require_place(path, wanted=wanted)
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise unwritable(path, wanted, error) from error


def show_conditions(figures: Mapping[str, Any]) -> None:
    """Print clip, model, engine and threads of a run."""
    threads = ", ".join(f"{name} {count}" for name, count in figures["threads"].items() if count is not None)
    _console.out.print(
        f"{figures['clip']}, {figures['model']} on {figures['engine']}; threads: {threads}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def times(spread: Spread) -> str:
    """Format a ratio with its quartiles."""
    return f"{spread.median:.3g} x [{spread.low:.3g}, {spread.high:.3g}]"
