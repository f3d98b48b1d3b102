"""What the system refuses is a message with the right exit status, in every command; it is never called a bug."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import typer

from recognizer.app.labelled_pictures import places_for
from recognizer.cli import _console, identify
from recognizer.cli.main import run_command_line
from recognizer.errors import HistoryError, InputError, WeightsError
from recognizer.history.database import open_history
from recognizer.history.exchange.importing import import_files
from recognizer.models.cache import Cache
from recognizer.models.checkpoints import import_checkpoint
from recognizer.models.resolve import resolve

TOO_LONG = Path("a" * 300)
"""Looking at it raises ``OSError``, also for root, as an unreadable folder on the way does for all others."""

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def refuse(code: int, place: str) -> None:
    raise OSError(code, os.strerror(code), place or None)


@app.command()
def encode(text: str) -> None:
    text.encode()


@app.command()
def exhaust() -> None:
    raise MemoryError


@pytest.mark.parametrize(
    ("code", "place", "status", "words"),
    [
        (errno.EACCES, "/nas/x", 3, "/nas/x: cannot be used (permission denied)"),
        (errno.ENOSPC, "/nas/x", 6, "/nas/x: cannot be written (no space left on device)"),
        (errno.ENOSPC, "", 6, "a file cannot be written"),
        (errno.EMFILE, "", 3, "a file cannot be used (too many open files)"),
        (errno.ENAMETOOLONG, "rtsp://u:secret@h/x", 3, "rtsp://h/x: cannot be used"),
    ],
)
def test_an_error_of_the_system(
    capsys: pytest.CaptureFixture[str], code: int, place: str, status: int, words: str
) -> None:
    assert _console.guarded(app, ["refuse", str(code), place]) == status
    printed = capsys.readouterr().err
    assert words in printed
    assert "bug" not in printed
    assert "secret" not in printed


def test_text_that_is_not_utf_8(capsys: pytest.CaptureFixture[str]) -> None:
    assert _console.guarded(app, ["encode", "secret\udcff"]) == 2
    printed = capsys.readouterr().err
    assert "not UTF-8" in printed
    assert "secret" not in printed


def test_a_link_to_log_in_does_not_command_the_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["serve", "login", "--host", "\x1b[2Jx", "--gallery", str(tmp_path / "gallery")]
    assert run_command_line(words) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_too_little_memory(capsys: pytest.CaptureFixture[str]) -> None:
    assert _console.guarded(app, ["exhaust"]) == 1
    assert "not enough memory" in capsys.readouterr().err


def test_a_picture_that_may_not_be_looked_at_is_its_own_fault(tmp_path: Path) -> None:
    good = tmp_path / "good.png"
    assert identify._pictures([TOO_LONG, good]) == [TOO_LONG, good]
    assert places_for([good], tmp_path / f"{TOO_LONG}.png") == [tmp_path / f"{TOO_LONG}.png"]


def test_models_and_weights(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="may not be read"):
        resolve(f"{TOO_LONG}.onnx", cache_dir=tmp_path)
    with pytest.raises(WeightsError, match="may not be read"):
        import_checkpoint(TOO_LONG, Cache(tmp_path))


def test_the_history(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="cannot be read"):
        open_history(tmp_path / TOO_LONG, create=False)
    with pytest.raises(InputError, match="cannot be read"):
        import_files(open_history(tmp_path / "history", create=True), [TOO_LONG], progress=lambda done, total: None)


@pytest.mark.parametrize(
    "words",
    [
        ["history", "show", str(2**63)],
        ["history", "explain", str(2**63)],
        ["history", "undo", str(2**63)],
        ["history", "split", "1", str(2**63)],
        ["history", "list", "--limit", str(2**63)],
        ["history", "sightings", "--gap", "inf"],
        ["history", "report", "--gap", "1e308"],
        ["history", "list", "--since", "0001-01-01", "--timezone", "Asia/Tokyo"],
        ["history", "report", "--since", "0001-01-01", "--timezone", "Asia/Tokyo"],
    ],
)
def test_numbers_and_times_that_no_database_keeps(words: list[str], tmp_path: Path) -> None:
    assert run_command_line([*words, "--gallery", str(tmp_path)]) == 2
