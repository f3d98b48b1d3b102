"""python main.py health: is the run, or the service, of these settings well? For containers and for people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recognizer.cli import _console, _options
from recognizer.errors import NotHealthyError


def health(
    config_file: _options.ConfigOption = None,
    address: Annotated[
        str | None, typer.Option("--address", help="http(s)://HOST:PORT of the run's metrics or of the service.")
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option("--metrics-port", min=1, max=65535, help="As the run was given it.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="Status file: health.file of the run's settings.")] = None,
    alive: Annotated[
        bool, typer.Option("--alive", help="Only whether the process works; cameras may be without picture.")
    ] = False,
    json_output: _options.JsonOption = False,
) -> None:
    """Ask whether recognition is well; exit status 0 if it is, 1 if not. A picture older than 5 s is not well."""
    from recognizer.app.health import ask

    settings = _options.load_settings(config_file, metrics={"port": metrics_port}, health={"file": file})
    verdict = ask(settings, address=address, only_alive=alive)
    if json_output:
        _console.print_json({**verdict.report, "ok": verdict.ok, "message": verdict.message, "asked": verdict.asked})
    elif verdict.ok:
        _console.out.print(verdict.message, markup=False, highlight=False)
    if not verdict.ok:
        raise NotHealthyError(f"not well: {verdict.message}.")
