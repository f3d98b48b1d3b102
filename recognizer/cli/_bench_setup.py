"""What all benches share: the clip and the gallery, one's own or those of the demonstration, and the threads."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from loguru import logger

from recognizer.app import build, config
from recognizer.app.build import engines
from recognizer.bench import threads
from recognizer.bench.timing import Spread
from recognizer.capture.sources import SourceKind, require_openable, source_kind
from recognizer.cli import _console, demo
from recognizer.cli._progress import model_bar
from recognizer.cli.enroll import sync
from recognizer.demo import demo_clip
from recognizer.emit.places import require_place, unwritable
from recognizer.emit.video import VideoWriter
from recognizer.errors import OutputError, UsageError
from recognizer.models.resolve import ResolvedModel
from recognizer.types import Frame, FrameResult, Tracks

FOLDER = Path("out/bench")
SCALE = 3
"""The demonstration's clip of 640 x 360 is enlarged to 1080p."""

ClipOption = Annotated[Path | None, typer.Option("--clip", help="Video file; one is made when this is not given.")]
FramesOption = Annotated[int, typer.Option("--frames", min=2, help="Use so many frames of the clip at most.")]
PlotOption = Annotated[Path | None, typer.Option("--plot", help="Draw a chart (.svg) here.")]
SaveOption = Annotated[Path | None, typer.Option("--json", help="Save all figures here; - for standard output.")]


@dataclass(frozen=True, slots=True)
class Bench:
    """What there is to measure."""

    settings: config.Settings
    resolved: ResolvedModel

    def facts(self) -> dict[str, Any]:
        """Of the run, for JSON: what was measured, with which threads."""
        return {
            "clip": Path(self.settings.source.location).name,
            "model": self.resolved.fingerprint,
            "engine": engines.engine_of(self.settings, self.resolved),
            "threads": threads.in_use(self.settings.engine.threads),
        }


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
    """Settings with a clip and a gallery, the model found, the people enrolled, the threads set.

    Raises:
        UsageError: if the clip is no video file.
    """
    if clip is not None and (kind := source_kind(str(clip))) is not SourceKind.VIDEO:
        raise UsageError(f"--clip: wanted a video file, got {kind.value}: {clip}.")
    settings = config.load(
        config_file,
        {
            "engine": {"name": engine},
            "embed": {"model": model, "weights_dir": weights_dir, "spec": spec},
            "gallery": {"folder": gallery or FOLDER / "gallery"},
            "emit": {"headless": True},
        },
        sources=[str(clip or FOLDER / "clip.mp4")],
    )
    if clip is None:
        _write_clip(FOLDER / "clip.mp4")
    require_openable(build.source(settings))
    if gallery is None:
        demo.write_gallery(FOLDER / "gallery")
    threads.set_up(settings.engine.threads)
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    logger.info("model {}: {}", resolved.name, resolved.origin)
    sync(settings, resolved)
    return Bench(settings, resolved)


def _write_clip(path: Path) -> None:
    """Paint the demonstration's clip, enlarged; one that is there already is the same."""
    if path.exists():
        return
    logger.info("painting {}, once", path)
    size = (demo_clip.WIDTH_PX * SCALE, demo_clip.HEIGHT_PX * SCALE)
    grain = np.random.default_rng(0).normal(0, 2, (size[1], size[0], 1)).astype(np.float32)
    with VideoWriter(path, render=lambda result: result.frame.image) as writer:
        for index, (at_s, small) in enumerate(demo_clip.frames()):
            large = cv2.resize(small, size, interpolation=cv2.INTER_CUBIC) + np.roll(grain, 97 * index, axis=1)
            image = np.clip(large, 0, 255).astype(np.uint8)
            writer.emit(FrameResult(Frame(image, index, at_s, "bench"), Tracks.empty(), (), ()))
    if writer.failed:
        raise OutputError(f"The clip {path} cannot be written: {writer.failed}.")


def save(
    path: Path | None,
    figures: Mapping[str, Any],
    show: Callable[[], None],
    *,
    plot: Path | None = None,
    draw: Callable[[], str] | None = None,
) -> None:
    """Print what ``show`` prints, and save figures and chart where that was asked for.

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


def show_facts(figures: Mapping[str, Any]) -> None:
    """Clip, model, engine and threads of a run."""
    threads = ", ".join(f"{name} {count}" for name, count in figures["threads"].items() if count is not None)
    _console.out.print(
        f"{figures['clip']}, {figures['model']} on {figures['engine']}; threads: {threads}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def times(spread: Spread) -> str:
    """A ratio with its quartiles, for a table."""
    return f"{spread.median:.3g} x [{spread.low:.3g}, {spread.high:.3g}]"
