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
    demo,
    enroll,
    evaluate,
    gallery,
    health,
    history,
    identify,
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


app.command()(run.run)
app.command()(enroll.enroll)
app.command()(identify.identify)
app.command()(verify.verify)
app.command()(predict.predict)
app.command()(demo.demo)
app.command()(calibrate.calibrate)
app.command()(health.health)
app.add_typer(bench.app, name="bench")
app.add_typer(train.app, name="train")
app.add_typer(gallery.app, name="gallery")
app.add_typer(history.app, name="history")
app.add_typer(serve.app, name="serve")
app.add_typer(models.app, name="models")
app.add_typer(webhook.app, name="webhook")
app.add_typer(notify.app, name="notify")
app.add_typer(evaluate.app, name="evaluate")


def run_command_line(arguments: list[str]) -> int:
    """Run a command; returns the exit status."""
    name = Path(sys.argv[0]).name
    return _console.guarded(app, arguments, name="python -m recognizer" if name == "__main__.py" else name)
