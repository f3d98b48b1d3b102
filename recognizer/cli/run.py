"""python main.py run: recognise on a source; a window where there is a display, files and log lines anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recognizer.app.session import Session
from recognizer.cli import _console, _options
from recognizer.cli._progress import model_bar
from recognizer.cli.enroll import sync
from recognizer.emit.status import StatusBlock
from recognizer.emit.summary import summary_table
from recognizer.errors import UsageError


def run(
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source",
            "-s",
            help="Video file, folder of pictures, one picture; webcam (0, /dev/video0), rtsp(s)://, http(s)://. "
            "Several: give it several times.",
        ),
    ] = None,
    password_file: Annotated[
        Path | None,
        typer.Option(
            "--password-file",
            help="File whose first line is the password of the source's user (rtsp://USER@HOST/PATH). ${NAME} in an "
            "address stands for an environment variable.",
        ),
    ] = None,
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    headless: Annotated[bool, typer.Option("--headless", help="No window.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the labelled video here (.mp4).")] = None,
    events: Annotated[
        str | None, typer.Option("--events", help="Write events here, a JSON object a line; - for standard output.")
    ] = None,
    summary: Annotated[Path | None, typer.Option("--summary", help="Write the run's figures here (JSON).")] = None,
    max_frames: Annotated[int | None, typer.Option("--max-frames", min=1, help="Stop after so many frames.")] = None,
    max_seconds: Annotated[
        float | None, typer.Option("--max-seconds", min=0.001, help="Stop after so many seconds of the source.")
    ] = None,
    history: Annotated[
        bool | None, typer.Option("--history/--no-history", help="Keep who was seen when; see 'history list'.")
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option("--metrics-port", min=1, max=65535, help="Serve Prometheus' figures at /metrics here.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=0,
            max=64,
            help="Recognise in so many processes; by default one a core, at most one for each of several cameras.",
        ),
    ] = None,
    crops: Annotated[
        bool | None,
        typer.Option(
            "--crops/--no-crops", help="In the history, keep pictures of faces too: by them you know whom to name."
        ),
    ] = None,
    sync_first: Annotated[
        bool, typer.Option("--sync/--no-sync", help="First enrol photos that are new in the gallery.")
    ] = True,
) -> None:
    """Recognise the people of the gallery in a video; photos and screens held before a camera are not detected."""
    settings = _options.load_settings(
        config_file,
        sources=source,
        gallery=gallery,
        model=model,
        engine=engine,
        weights_dir=weights_dir,
        spec=spec,
        source={"password_file": password_file, "max_frames": max_frames, "max_seconds": max_seconds},
        emit={"headless": headless or None, "video": output, "events": events, "summary": summary},
        history={"enabled": history, "crops": crops},
        metrics={"port": metrics_port},
        workers={"count": workers},
    )
    if password_file is not None and settings.sources:
        raise UsageError(
            "--password-file is for one source; give each of several its password_file in a settings file."
        )
    tables = _console.err if settings.emit.events == "-" else _console.out
    Session(
        settings,
        sync_gallery=sync if sync_first else None,
        model_progress=model_bar,
        make_status=lambda live, dropped: StatusBlock(_console.err, live=live, dropped=dropped),
        on_summary=lambda figures: tables.print(summary_table(figures.as_dict())),
    ).run()
