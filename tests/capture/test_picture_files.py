"""Folders of pictures and single pictures as sources."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from recognizer.capture.files import ImageFolder, SinglePicture
from recognizer.errors import ImageError, SourceError


def put(folder: Path, name: str, width: int = 8) -> None:
    Image.new("RGB", (width, 4)).save(folder / name)


def test_natural_order_and_times(tmp_path: Path) -> None:
    for number, name in enumerate(["1.png", "2.PNG", "A3.png", "a10.png", "b.png"], start=1):
        put(tmp_path, name, width=number)
    put(tmp_path, ".hidden.png")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "sub").mkdir()
    with ImageFolder(tmp_path, fps=4, name="door") as source:
        frames = list(source)
        assert source.frame_count == 5
    assert [frame.width for frame in frames] == [1, 2, 3, 4, 5]
    assert [frame.captured_at for frame in frames] == [0, 0.25, 0.5, 0.75, 1.0]
    assert {frame.source for frame in frames} == {"door"}


def test_unreadable_pictures_are_skipped_and_counted(tmp_path: Path, logged_warnings: list[str]) -> None:
    put(tmp_path, "1.png")
    (tmp_path / "2.png").write_text("no picture")
    put(tmp_path, "3.png")
    with ImageFolder(tmp_path) as source:
        assert [(frame.index, frame.captured_at) for frame in source] == [(0, 0.0), (2, 2.0)]
    assert source.skipped == 1
    assert len(logged_warnings) == 1
    assert "2.png" in logged_warnings[0]


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "2.png").write_text("no picture")
    with ImageFolder(tmp_path) as source, pytest.raises(SourceError, match="none of its 1 pictures"):
        list(source)


@pytest.mark.parametrize("inside", [[], ["notes.txt", "sub.d"]])
def test_folder_without_pictures(tmp_path: Path, inside: list[str]) -> None:
    for name in inside:
        (tmp_path / name).touch()
    with pytest.raises(SourceError, match=f"found none among {len(inside)} entries"), ImageFolder(tmp_path):
        pass


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be listed: No such file"), ImageFolder(tmp_path / "x"):
        pass


def test_close_ends_the_iteration(tmp_path: Path) -> None:
    for name in ("1.png", "2.png", "3.png"):
        put(tmp_path, name)
    seen = 0
    with ImageFolder(tmp_path) as source:
        for _ in source:
            seen += 1
            source.close()
    assert seen == 1
    with source:
        assert len(list(source)) == 3


def test_rate_must_be_positive(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="fps"):
        ImageFolder(tmp_path, fps=0)


def test_single_picture(tmp_path: Path) -> None:
    put(tmp_path, "1.png", width=9)
    with SinglePicture(tmp_path / "1.png") as source:
        assert source.size == (9, 4)
        assert [(f.index, f.captured_at, f.width) for f in source] == [(0, 0.0, 9)]
        source.close()
        assert list(source) == []


def test_single_picture_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no such file"), SinglePicture(tmp_path / "1.png"):
        pass
