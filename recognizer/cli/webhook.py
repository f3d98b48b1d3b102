"""python main.py webhook: make a secret, and send a message to try a receiver."""

from __future__ import annotations

import base64
import secrets
from typing import Annotated

import typer

from recognizer.cli import _console, _options
from recognizer.errors import UsageError

app = typer.Typer(help="Send events to web addresses.", no_args_is_help=True)
_SECRET_BYTES = 32


@app.command()
def secret() -> None:
    """Print a new secret, for ``secret_file`` or ``secret_env`` and for the receiver."""
    typer.echo(new_secret())


def new_secret() -> str:
    """Make a secret."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


@app.command("test")
def send_test(
    config_file: _options.ConfigOption = None,
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="Which webhook of the settings file.")] = 1,
) -> None:
    """Send a test message to a webhook of the settings file, once, and say what the receiver answered."""
    from recognizer.app.integrations import send_test_message

    settings = _options.load_settings(config_file)
    if number > len(settings.webhooks):
        raise UsageError(
            f"Wanted webhook {number}, but the settings name {len(settings.webhooks)}: "
            "list them under 'webhooks:' in a file and give it with --config."
        )
    identity = send_test_message(settings.webhooks[number - 1])
    _console.out.print(f"The receiver took test message {identity}.")
