"""python main.py notify: try the targets of notifications."""

from __future__ import annotations

from typing import Annotated

import typer

from recognizer.cli import _console, _options

app = typer.Typer(help="Send notifications to phones, mailboxes and chats.", no_args_is_help=True)


@app.callback()
def _commands() -> None:
    """Send notifications to phones, mailboxes and chats."""


@app.command("test")
def send_test(
    name: Annotated[str | None, typer.Argument(help="Target of the settings file; all by default.")] = None,
    config_file: _options.ConfigOption = None,
    json_output: _options.JsonOption = False,
) -> None:
    """Send a test message to the targets of the settings file, once, and say whether they took it."""
    from recognizer.app import notify

    names = notify.send_test(_options.load_settings(config_file), name)
    if json_output:
        _console.print_json({"sent_to": names})
    else:
        _console.out.print(f"Taken by {', '.join(names)}.", markup=False, highlight=False)
