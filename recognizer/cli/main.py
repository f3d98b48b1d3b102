"""The command line: one module of this folder per command; ``run`` is the default command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from recognizer import __version__
from recognizer.cli import (
    _console,
    bench,
    calibrate,
    cameras,
    demo,
    doctor,
    enroll,
    evaluate,
    gallery,
    health,
    history,
    identify,
    index,
    models,
    notify,
    predict,
    run,
    serve,
    train,
    verify,
    webhook,
)

app = typer.Typer(
    help="Real-time face recognition on video: who is there, at once, without wrong names.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"recognizer {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Real-time face recognition on video: who is there, at once, without wrong names."""


_START, _RECOGNISE, _PEOPLE = "Start here", "Recognise", "People, and who was seen"
_OTHERS, _MEASURE, _MODELS = "Other systems", "Thresholds and measurements", "Models"

app.command(rich_help_panel=_START)(demo.demo)
app.command(rich_help_panel=_START)(run.run)
app.add_typer(serve.app, name="serve", rich_help_panel=_START)
app.command(rich_help_panel=_RECOGNISE)(identify.identify)
app.command(rich_help_panel=_RECOGNISE)(verify.verify)
app.command(rich_help_panel=_RECOGNISE)(predict.predict)
app.command(rich_help_panel=_PEOPLE)(enroll.enroll)
app.add_typer(gallery.app, name="gallery", rich_help_panel=_PEOPLE)
app.add_typer(history.app, name="history", rich_help_panel=_PEOPLE)
app.command(rich_help_panel=_PEOPLE)(index.index)
app.add_typer(webhook.app, name="webhook", rich_help_panel=_OTHERS)
app.add_typer(notify.app, name="notify", rich_help_panel=_OTHERS)
app.command(rich_help_panel=_OTHERS)(health.health)
app.command(rich_help_panel=_OTHERS)(doctor.doctor)
app.add_typer(cameras.app, name="cameras", rich_help_panel=_OTHERS)
app.command(rich_help_panel=_MEASURE)(calibrate.calibrate)
app.add_typer(evaluate.app, name="evaluate", rich_help_panel=_MEASURE)
app.add_typer(bench.app, name="bench", rich_help_panel=_MEASURE)
app.add_typer(models.app, name="models", rich_help_panel=_MODELS)
app.add_typer(train.app, name="train", rich_help_panel=_MODELS)


def run_command_line(arguments: list[str]) -> int:
    """Run a command; returns the exit status."""
    name = Path(sys.argv[0]).name
    return _console.guarded(app, arguments, name="python -m recognizer" if name == "__main__.py" else name)
