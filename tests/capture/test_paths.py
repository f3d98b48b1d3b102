"""Files are found by what people write; what belongs to nobody is ignored."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognizer.app.images import as_bgr
from recognizer.capture.files import ImageFolder
from recognizer.capture.paths import local_path, picture_path, pictures_below
from recognizer.capture.webcam import _why_closed
from recognizer.errors import InputError

NOBODYS = ("@eaDir", "#recycle", "lost+found", "$RECYCLE.BIN", "__MACOSX", "System Volume Information", ".hidden")


@pytest.mark.parametrize("name", ["a b.png", "ä#1?.png", "100%.png", "50%20.png"])
def test_file_addresses(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    Image.new("RGB", (2, 2)).save(path)
    uri = path.as_uri()
    for text in (uri, f"FILE://localhost{path}", f"file://{path}", str(Path(uri)), str(path)):
        assert local_path(text) == path
    assert as_bgr(uri).shape == (2, 2, 3)


def test_an_address_is_no_picture_and_shows_no_password() -> None:
    for text in ("https://user:Gh7xQ2@h/a.jpg?token=Gh7xQ2", Path("https://user:Gh7xQ2@h/a.jpg?token=Gh7xQ2")):
        with pytest.raises(InputError, match="got an address; download it") as caught:
            picture_path(text)
        assert "Gh7xQ2" not in str(caught.value)


def test_what_systems_leave_in_folders_is_ignored(tmp_path: Path) -> None:
    picture = Image.fromarray(np.zeros((4, 4, 3), np.uint8))
    picture.save(tmp_path / "1.png")
    (tmp_path / "sub").mkdir()
    picture.save(tmp_path / "sub/2.png")
    for name in NOBODYS:
        (tmp_path / name).mkdir()
        picture.save(tmp_path / name / "3.png")
    for name in ("._1.png", "Thumbs.db", ".DS_Store"):
        (tmp_path / name).write_bytes(b"\0")
    assert pictures_below(tmp_path, on_unreadable=pytest.fail) == [tmp_path / "1.png", tmp_path / "sub/2.png"]
    with ImageFolder(tmp_path) as source:
        assert source.frame_count == 1
        assert len(list(source)) == 1


def test_a_folder_that_cannot_be_listed_costs_itself_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / "1.png")
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    said: list[str] = []
    assert pictures_below(tmp_path, on_unreadable=said.append) == [tmp_path / "1.png"]
    assert len(said) == 1
    assert "closed: this folder cannot be listed (Permission denied)" in said[0]


def test_a_picture_that_vanishes_costs_itself_only(tmp_path: Path) -> None:
    for name in ("1.png", "2.png"):
        Image.new("RGB", (2, 2)).save(tmp_path / name)
    with ImageFolder(tmp_path) as source:
        (tmp_path / "1.png").unlink()
        assert [frame.index for frame in source] == [1]
        assert source.skipped == 1


def test_a_webcam_without_permission_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "video0").touch()
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "add the user to the group" in _why_closed(0, folder=tmp_path)
    assert "there is no such camera" in _why_closed(1, folder=tmp_path)
    monkeypatch.setattr(os, "access", lambda *_: True)
    assert "another program uses it" in _why_closed(0, folder=tmp_path)
