"""No labelled picture replaces an original."""

from __future__ import annotations

from pathlib import Path

import pytest

from recognizer.app.labelled_pictures import labels_of, places_for
from recognizer.errors import UsageError


def test_one_file_one_place(tmp_path: Path) -> None:
    assert places_for([tmp_path / "a.gif"], tmp_path / "out.png") == [tmp_path / "out.png"]


def test_several_go_into_a_folder_and_kinds_that_are_not_written_become_png(tmp_path: Path) -> None:
    places = places_for([tmp_path / "a.jpg", tmp_path / "b.gif", tmp_path / "c.avif"], tmp_path / "out")
    assert [place.name for place in places] == ["a.jpg", "b.png", "c.png"]


def test_an_existing_folder_with_a_dot_in_its_name_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "out.2026").mkdir()
    assert places_for([tmp_path / "a.jpg"], tmp_path / "out.2026") == [tmp_path / "out.2026/a.jpg"]


@pytest.mark.parametrize(
    ("names", "output", "message"),
    [
        (("a.jpg",), "a.jpg", "would replace"),
        (("a.jpg", "b.jpg"), ".", "would replace"),
        (("a.jpg", "b.jpg"), "one.jpg", "pass a folder"),
        (("a.jpg",), "out.mp3", "wanted"),
    ],
)
def test_what_is_refused(tmp_path: Path, names: tuple[str, ...], output: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        places_for([tmp_path / name for name in names], tmp_path / output)


def test_a_link_to_an_original_is_an_original(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"original")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a.jpg")
    with pytest.raises(UsageError, match="would replace"):
        places_for([tmp_path / "a.jpg"], tmp_path / "link.jpg")


def test_equal_names_get_their_folders_names() -> None:
    assert labels_of([Path("x/a.jpg"), Path("y/a.jpg"), Path("b.jpg")]) == ["x_a", "y_a", "b"]
