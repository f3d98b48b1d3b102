"""Terminal output of all commands: two consoles, logging, and errors as one message with an exit status."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from loguru import logger
from rich.markup import escape

from recognizer.app import renamed
from recognizer.cli._printable import PrintableConsole, printable, printable_json
from recognizer.cli._system_errors import of_the_system
from recognizer.errors import RecognizerError

if TYPE_CHECKING:
    import loguru

BUG = 70
"""Exit status of an unexpected error: EX_SOFTWARE of sysexits.h."""
_PACKAGE = Path(__file__).resolve().parent.parent

out = PrintableConsole()
"""Answers: tables and text for a person, on standard output."""
err = PrintableConsole(stderr=True)
"""Progress and messages, on standard error."""


def print_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """Write one JSON document to standard output, unwrapped and uncoloured."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # a terminal of another encoding, or a name that is no UTF-8
        text = json.dumps(value, indent=2)
    sys.stdout.write(printable_json(text) + "\n")


def set_up_logging(*, debug: bool) -> None:
    """Send log lines to standard error, as a person reads them."""
    logger.remove()
    logger.configure(patcher=_make_printable)
    level = "DEBUG" if debug else os.environ.get("RECOGNIZER_LOG_LEVEL", "INFO")
    logger.add(
        _to_standard_error,
        colorize=sys.stderr.isatty(),
        level=level,
        format="<green>{time:HH:mm:ss}</green> <level>{level: <7}</level> {message}",
        backtrace=debug,
        diagnose=False,  # values of variables could hold a password
    )


def _make_printable(record: loguru.Record) -> None:
    record["message"] = printable(record["message"])


def _to_standard_error(line: str) -> None:
    sys.stderr.write(line)  # looked up at each line: progress bars and tests put another stream in its place


def guarded(app: typer.Typer, arguments: list[str], *, name: str = "main.py") -> int:
    """Run a command line; turn its errors into one message and an exit status.

    ``--debug`` anywhere asks for tracebacks and debug lines. Ctrl-C ends quietly. An unexpected error is one message
    too. ``name``: what the command is called in its help.
    """
    debug = "--debug" in arguments
    arguments = [word for word in arguments if word != "--debug"]
    set_up_logging(debug=debug)
    try:
        try:
            app(args=renamed.current_options(arguments), prog_name=name)
        except SystemExit as end:
            if end.code:
                return end.code if isinstance(end.code, int) else 1
        sys.stdout.flush()
    except BrokenPipeError:
        return 0  # like head, whoever leaves has seen enough
    except RecognizerError as error:
        if debug:
            logger.opt(exception=error).debug("traceback")
        err.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True, highlight=False)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except (OSError, MemoryError, UnicodeEncodeError) as error:
        if debug:
            logger.opt(exception=error).debug("traceback")
        message, status = of_the_system(error)
        err.print(f"[bold red]error:[/] {escape(message)}", soft_wrap=True, highlight=False)
        return status
    except Exception as error:
        if debug:
            logger.opt(exception=error).debug("traceback")
        err.print(
            f"[bold red]error:[/] this is a bug: {type(error).__name__} in {_place(error)}. Run the same with --debug "
            "added for the traceback, and report it.",
            soft_wrap=True,
            highlight=False,
        )
        return BUG
    return 0


def _place(error: BaseException) -> str:
    """Where it was raised, in our own code; its text is dropped, as it could hold a password."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)] or frames
    path = Path(ours[-1].filename)
    name = path.relative_to(_PACKAGE.parent) if path.is_relative_to(_PACKAGE) else path.name
    return f"{name}, line {ours[-1].lineno}"
