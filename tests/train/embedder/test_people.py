"""A folder as people have them: broken, tiny and grey pictures are counted, not fatal."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from recognizer.errors import InputError
from recognizer.train.crops import CutFace
from recognizer.train.embedder import heldout, people
from recognizer.train.embedder.people import FolderReader
from recognizer.types import U8
from tests.train.face_files import folder_of


def messy_folder(root: Path) -> Path:
    """Two good people, and one of each thing that goes wrong."""
    folder_of(root, Ada=3, Bea=3, Cid=1)
    (root / "Ada" / "damaged.jpg").write_bytes(b"\xff\xd8\xff\xe0 half a picture")
    (root / "Ada" / "empty.png").write_bytes(b"")
    (root / "Ada" / "notes.txt").write_text("no picture")
    cv2.imwrite(str(root / "Bea" / "tiny.png"), np.zeros((8, 8, 3), np.uint8))
    cv2.imwrite(str(root / "Bea" / "grey.png"), np.full((112, 112), 90, np.uint8))
    (root / "Dan").mkdir()
    (root / "stray.png").write_bytes(b"beside the people")
    return root


def reader(cache: Path, cut: CutFace | None = None) -> FolderReader:
    return FolderReader(cut=cut, min_px=40, cache=cache)


def test_what_is_wrong_is_reported_and_the_rest_is_used(tmp_path: Path) -> None:
    found, scan = reader(tmp_path / "cache").read(messy_folder(tmp_path / "people"), min_photos=2)
    assert found.names == ("Ada", "Bea")
    assert found.labels.tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert (scan.pictures, scan.faces, scan.people, scan.grey) == (11, 7, 2, 1)
    assert {fate: len(files) for fate, files in scan.fates.items()} == {"UNREADABLE": 2, "TINY": 1, "NO_FACE": 0}
    assert scan.few == ["Cid"]
    assert "2 unreadable, 1 tiny; 1 people with too few pictures; 1 pictures are grey" in scan.summary()
    people.save_scan(scan, tmp_path / "out" / "data.json")
    saved = json.loads((tmp_path / "out" / "data.json").read_text(encoding="utf-8"))
    assert saved["left_out"]["tiny"] == ["Bea/tiny.png"]
    grey = found.faces[6]
    assert grey.shape == (112, 112, 3)
    assert np.array_equal(grey[..., 0], grey[..., 2])


def test_faces_are_rgb_and_cut_only_once(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "people", Ada=2, Bea=2)
    red = np.zeros((112, 112, 3), np.uint8)
    red[..., 2] = 255  # OpenCV writes BGR
    cv2.imwrite(str(root / "Ada" / "0.png"), red)
    calls = []

    def cut(picture: U8) -> U8 | None:
        calls.append(picture.shape)
        return None if len(calls) == 4 else np.ascontiguousarray(picture[..., ::-1])

    found, scan = reader(tmp_path, cut).read(root, min_photos=1)
    again, _ = reader(tmp_path, cut).read(root, min_photos=1)
    assert len(calls) == 4
    assert scan.fates["NO_FACE"] == ["Bea/1.png"]
    assert found.faces[0][5, 5].tolist() == [255, 0, 0]
    assert np.array_equal(again.faces[2], found.faces[2])
    cv2.imwrite(str(root / "Bea" / "2.png"), red)
    reader(tmp_path, cut).read(root, min_photos=1)
    assert len(calls) == 9, "a changed folder is read anew"


def test_those_who_test_are_left_out_and_too_few_is_an_error(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "people", Ada=2, Bea=2, Cid=2)
    found, scan = reader(tmp_path).read(root, min_photos=2, without={"Bea"})
    assert found.names == ("Ada", "Cid")
    assert scan.few == []
    with pytest.raises(InputError, match=r"2 faces of 1 people.*at least two"):
        reader(tmp_path).read(root, min_photos=2, without={"Bea", "Ada"})
    with pytest.raises(InputError, match=r"one folder of pictures for each person, got .*none"):
        reader(tmp_path).read(tmp_path / "none", min_photos=2)


def test_people_who_are_held_back_do_not_train(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "people", **{f"P{n}": 3 for n in range(10)})
    everyone, _ = reader(tmp_path).read(root, min_photos=2)
    train, test = people.held_back(everyone, 0.2, seed=1)
    assert sorted(train.names + test.names) == sorted(everyone.names)
    assert (len(train.names), len(test.names)) == (6, 4)
    for part in (train, test):
        for row, label in enumerate(part.labels):
            original = everyone.names.index(part.names[label])
            rows = np.flatnonzero(everyone.labels == original)
            assert any(np.array_equal(part.faces[row], everyone.faces[int(r)]) for r in rows)
    with pytest.raises(InputError, match="at least six"):
        people.held_back(test, 0.5, seed=1)


def test_pairs_of_ones_own_people_are_balanced_and_true() -> None:
    labels = np.repeat(np.arange(6), [2, 3, 4, 9, 2, 2])
    pairs = heldout.pairs_of(labels, seed=1)
    same = labels[pairs.test_pairs[:, 0]] == labels[pairs.test_pairs[:, 1]]
    assert np.array_equal(same, pairs.test_same)
    assert same.sum() == (~same).sum() == 1 + 3 + 6 + 10 + 1 + 1
    assert len(np.unique(pairs.test_folds)) == 3
    assert len({tuple(pair) for pair in pairs.test_pairs[same].tolist()}) == same.sum()
    with pytest.raises(InputError, match=r"one picture each.*data\.min_photos"):
        heldout.pairs_of(np.arange(6), seed=1)
    for fold in range(3):
        assert set(same[pairs.test_folds == fold]) == {True, False}
