from __future__ import annotations

from pathlib import Path

from recognizer.cli import _console, identify


def table_of(*paths: str) -> str:
    with _console.out.capture() as capture:
        identify._show([], identify._pictures([Path(path) for path in paths]))
    return capture.get()


def test_pictures_of_one_name_are_distinguished_by_their_folders() -> None:
    shown = table_of("ada/1.jpg", "bob/1.jpg", "bob/2.jpg")
    assert "ada/1.jpg" in shown
    assert "bob/1.jpg" in shown
    assert "bob/2.jpg" not in shown


def test_a_picture_named_twice_is_shown_once() -> None:
    assert table_of("ada/1.jpg", "ada/1.jpg").count("1.jpg") == 1
