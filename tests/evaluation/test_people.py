from __future__ import annotations

from pathlib import Path

import pytest

from recognizer.errors import InputError
from recognizer.evaluation.people import files_of_people, people_of_folder
from tests.evaluation.trees import paint


def test_people_are_numbered_by_name_and_what_is_hidden_is_no_picture(tmp_path: Path) -> None:
    for name in ("Bob/1.jpg", "Ann/2.JPG", "Ann/1.png", "Ann/._1.png", ".trash/1.jpg", "stray.jpg"):
        paint(tmp_path / name, 1, 1)
    (tmp_path / "Cid").mkdir()
    (tmp_path / "Cid" / "notes.txt").write_text("no picture")
    assert [str(file) for file in files_of_people(tmp_path)] == ["Ann/1.png", "Ann/2.JPG", "Bob/1.jpg"]
    pictures, owners = people_of_folder(tmp_path)
    assert [picture.name for picture in pictures] == ["Ann/1.png", "Ann/2.JPG", "Bob/1.jpg"]
    assert owners.tolist() == [0, 0, 1]


def test_one_person_or_no_folder_is_reported(tmp_path: Path) -> None:
    paint(tmp_path / "Ann" / "1.jpg", 1, 1)
    with pytest.raises(InputError, match="pictures of 1 people"):
        people_of_folder(tmp_path)
    with pytest.raises(InputError, match=r"one folder of pictures for each person, got .*none"):
        files_of_people(tmp_path / "none")
