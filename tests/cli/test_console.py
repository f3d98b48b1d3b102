"""What a person sees of an error: one message, whatever it was; the traceback only with --debug."""

from __future__ import annotations

import pytest
import typer

from recognizer import geometry
from recognizer.cli import _console
from recognizer.errors import OutputError

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def foreseen() -> None:
    raise OutputError("the disk is full.")


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
