"""What a person sees of an error: one message, whatever it was; the traceback only with --debug."""

from __future__ import annotations

import io
import json

import pytest
import typer
from loguru import logger
from rich.markup import escape
from rich.table import Table

from recognizer import geometry
from recognizer.cli import _console
from recognizer.cli._printable import PrintableConsole
from recognizer.errors import OutputError

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def foreseen() -> None:
    raise OutputError("the disk is full.")


@app.command()
def named(name: str) -> None:
    raise OutputError(f"{name} cannot be written.")


@app.command()
def unforeseen() -> None:
    geometry.area("rtsp://user:secret@camera")  # type: ignore[arg-type]


def test_an_error_that_was_foreseen(capsys: pytest.CaptureFixture[str]) -> None:
    assert _console.guarded(app, ["foreseen"]) == 6
    assert capsys.readouterr().err == "error: the disk is full.\n"


def test_an_error_that_nobody_foresaw_is_one_line_without_what_it_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert _console.guarded(app, ["unforeseen"]) == _console.BUG
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: this is a bug: ")
    assert "geometry.py, line " in line
    assert "--debug" in line
    assert "secret" not in line


def test_debug_adds_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert _console.guarded(app, ["unforeseen", "--debug"]) == _console.BUG
    printed = capsys.readouterr().err
    assert "Traceback (most recent call last)" in printed
    assert "geometry.area(" in printed


def test_no_text_commands_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """A photo's name may set a title, clear the screen, or turn the reading direction, in C0, C1 and Unicode."""
    evil = "a\x1b]0;TITLE\x07\x1b[2J\x9b31m\x7f\u202e.png\rb"
    table = Table()
    table.add_column("picture")
    table.add_row(escape(evil))
    _console.out.print(table)
    _console.out.print(escape(evil), soft_wrap=True)
    _console.print_json({evil: [evil]})
    _console.set_up_logging(debug=False)
    logger.warning("{}: damaged", evil)
    _console.guarded(app, ["named", evil])
    printed = capsys.readouterr()
    assert not set(printed.out + printed.err) & set("\x1b\x07\x9b\x7f\u202e\r")
    assert printed.out.count("\\x1b[2J") == 2
    assert printed.err.count("\\x9b31m") == 2
    assert json.loads(printed.out[printed.out.index("{") :]) == {evil: [evil]}


def test_colours_stay() -> None:
    console = PrintableConsole(file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print("[red]name\x05[/]")
    assert console.file.getvalue() == "\x1b[31mname\\x05\x1b[0m\n"  # type: ignore[attr-defined]
