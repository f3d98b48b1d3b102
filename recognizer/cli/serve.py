"""python main.py serve ...: the web service, its tokens and its login links."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from recognizer.app.config import Settings
from recognizer.cli import _console, _options, enroll
from recognizer.cli._printable import printable
from recognizer.cli._progress import model_bar
from recognizer.errors import OutputError, UsageError
from recognizer.runtime.child import RECOGNITION, WEB
from recognizer.runtime.parent import end_with_parent

if TYPE_CHECKING:
    from recognizer.serve.access.store import AccessStore

app = typer.Typer(help="The web service: REST, live pictures and the page.", no_args_is_help=False)
tokens = typer.Typer(help="Tokens for programs: create, list, revoke.", no_args_is_help=True)
app.add_typer(tokens, name="token")

HostOption = Annotated[str | None, typer.Option("--host", help="Address to listen on; 127.0.0.1 by default.")]
PortOption = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Port to listen on; 8000 by default.")]


@app.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    api_only: Annotated[bool, typer.Option("--api-only", help="No cameras: answer requests only.")] = False,
    host: HostOption = None,
    port: PortOption = None,
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    part: Annotated[str | None, typer.Option("--part", hidden=True)] = None,
    private_folder: Annotated[Path | None, typer.Option("--private-folder", hidden=True)] = None,
) -> None:
    """Recognise on the cameras of the settings, and answer requests and browsers until Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    _require_installed()
    from recognizer.app import service

    file = service.settings_file(config_file, gallery)
    settings = _options.load_settings(
        file.path if file.path.exists() or config_file else None,
        gallery=gallery,
        model=model,
        engine=engine,
        weights_dir=weights_dir,
        serve={"host": host, "port": port},
    )
    if part is not None:
        end_with_parent()
    if part == RECOGNITION and private_folder is not None:
        from recognizer.app.recognition_process import run_recognition

        status = run_recognition(settings, private_folder, sync_gallery=enroll.sync, model_progress=model_bar)
        raise typer.Exit(status)
    from recognizer.app.fleet.following import keep_in_step
    from recognizer.serve import web

    if part == WEB and private_folder is not None:
        with keep_in_step(settings):  # here, as recognition ends where there is no camera
            web.run_web_part(settings, private_folder, file, say=_announce)
    elif api_only:
        with keep_in_step(settings):
            web.run_web(settings, say=_announce, settings_file=file)
    else:
        web.check(settings)
        given = {"--host": host, "--port": port, "--gallery": gallery, "--config": config_file, "--model": model}
        given |= {"--engine": engine, "--weights-dir": weights_dir}
        service.become_service(
            [word for option, value in given.items() if value is not None for word in (option, str(value))]
        )


@app.command()
def login(
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    host: HostOption = None,
    port: PortOption = None,
) -> None:
    """Print a link that logs one browser in as administrator, once, within 15 minutes.

    It names the address on which the service listened last, unless --host or --port is given.
    """
    settings = _options.load_settings(config_file, gallery=gallery, serve={"host": host, "port": port})
    store = open_access(settings)
    from recognizer.serve.web import base_address, login_line

    known = store.address() if host is None and port is None else None
    _say(login_line(store, known or base_address(settings, settings.serve.port)))


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the service's routes (JSON), as ``docs/openapi.json`` has it."""
    _require_installed()
    from recognizer.serve.application import openapi_document

    _console.print_json(openapi_document())


@tokens.command()
def create(
    name: Annotated[str, typer.Argument(help="What the token is for, such as 'door'.")],
    scope: Annotated[
        list[str],
        typer.Option("--scope", help="metrics, read, verify, review, box or admin; or several times."),
    ],
    days: Annotated[
        float | None, typer.Option("--days", min=0.01, help="Days until it expires; never, if not given.")
    ] = None,
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Make a token and print it, once: only its digest is kept."""
    store = open_access(_options.load_settings(config_file, gallery=gallery))
    secret = store.create_token(name, scope, days=days)
    if as_json:
        _console.print_json({"name": name, "scopes": scope, "token": secret})
    else:
        typer.echo(secret)


@tokens.command("list")
def list_tokens(
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Show the tokens, without their secrets."""
    found = open_access(_options.load_settings(config_file, gallery=gallery)).tokens()
    rows = [
        (each.name, ", ".join(each.scopes), _time(each.created_at) or "", _time(each.expires_at) or "never")
        for each in found
    ]
    if as_json:
        keys = ("name", "scopes", "created_at", "expires_at")
        values = [(e.name, list(e.scopes), _time(e.created_at), _time(e.expires_at)) for e in found]
        _console.print_json({"tokens": [dict(zip(keys, value, strict=True)) for value in values]})
        return
    table = Table(title="Tokens", title_justify="left")
    for heading in ("name", "scopes", "created", "expires"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    _console.out.print(table)


@tokens.command()
def revoke(
    name: Annotated[str, typer.Argument(help="As 'serve token list' shows it.")],
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
) -> None:
    """Let a token and the logins made with it count no more, from the next request on."""
    if not open_access(_options.load_settings(config_file, gallery=gallery)).revoke(name):
        raise UsageError(f"There is no token called {name!r}; 'serve token list' shows them.")
    _console.out.print(f"{escape(name)} is revoked.", highlight=False, soft_wrap=True)


def open_access(settings: Settings) -> AccessStore:
    """Open the service's tokens, sessions and codes.

    Raises:
        UsageError: if the service is not installed.
    """
    _require_installed()
    from recognizer.serve.access.store import AccessStore

    return AccessStore(settings.service_folder)


def _require_installed() -> None:
    try:
        import fastapi  # noqa: F401
        import ruamel.yaml  # noqa: F401
        import uvicorn  # noqa: F401
    except ModuleNotFoundError as error:
        raise UsageError(
            f"The web service needs {error.name}, which is not installed: pip install -r requirements-serve.txt"
        ) from None


def _say(line: str) -> None:
    """Print at once, also where the output is a file: somebody waits for the address."""
    print(printable(line), flush=True)


def _announce(line: str) -> None:
    """Print as ``_say``, on standard error where the output is closed or its disk full: the service goes on."""
    try:
        _say(line)
    except (OutputError, BrokenPipeError):
        sys.stdout = sys.stderr
        _say(line)


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds")
