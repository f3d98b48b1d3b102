"""InsightFace's record files, written here byte by byte from the description of the format."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from recognizer.errors import ImageError, InputError
from recognizer.train.embedder.recordio import RecordFaces, RecordFile, labelled
from tests.train import factories
from tests.train.record_files import MAGIC, a_set, content, encoded, write


@pytest.mark.parametrize("index", [True, False])
def test_a_set_is_read_with_and_without_its_index(tmp_path: Path, index: bool) -> None:
    people = RecordFaces.people(a_set(tmp_path, index=index), min_photos=2)
    assert people.names == ("0000003", "0000008")
    assert people.labels.tolist() == [0, 0, 1, 1, 1]
    for row in range(5):
        wanted = factories.pictures(1, seed=row)[0][..., ::-1]
        assert np.array_equal(people.faces[row], wanted), "RGB"


def test_content_with_the_magic_number_comes_back_whole(tmp_path: Path) -> None:
    contents = [
        content([1.0], b"abcd" + MAGIC + b"efgh" + MAGIC + b"ij", number=0),
        content([2.0], MAGIC, number=1),
        content([3.0], b"x", number=2),
    ]
    for index in (True, False):
        file = RecordFile(write(tmp_path, contents, index=index))
        assert [file[n] for n in range(3)] == contents
        (tmp_path / "train.idx").unlink(missing_ok=True)


def test_a_file_without_bounds_is_all_pictures(tmp_path: Path) -> None:
    path = write(tmp_path, [content([float(n // 2)], encoded(n), number=n) for n in range(4)])
    numbers, labels = labelled(RecordFile(path))
    assert numbers.tolist() == [0, 1, 2, 3]
    assert labels.tolist() == [0, 0, 1, 1]


def test_a_damaged_picture_is_an_image_error_of_its_record(tmp_path: Path) -> None:
    faces = RecordFaces.people(a_set(tmp_path, damaged=3), min_photos=2).faces
    with pytest.raises(ImageError, match="record 4"):
        faces[3]
    assert faces[4].shape == (112, 112, 3)


def test_what_is_no_record_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        RecordFile(tmp_path / "none.rec")
    (tmp_path / "other.rec").write_bytes(b"RIFF but no record")
    with pytest.raises(InputError, match="magic number"):
        RecordFile(tmp_path / "other.rec")
    path = a_set(tmp_path)
    path.with_suffix(".idx").write_text("0\t0\n2\t99\n")
    with pytest.raises(InputError, match="each once"):
        RecordFile(path)
    path.with_suffix(".idx").write_text("0\t0\n1\t99999999\n")
    with pytest.raises(InputError, match="does not fit"):
        RecordFile(path)
    path.with_suffix(".idx").unlink()
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(InputError, match="damaged at byte"):
        RecordFile(path)


def test_faces_travel_light(tmp_path: Path) -> None:
    faces = RecordFaces.people(a_set(tmp_path), min_photos=2).faces
    first = faces[0]
    sent = pickle.dumps(faces)
    assert len(sent) < 2000
    assert np.array_equal(pickle.loads(sent)[0], first)  # noqa: S301 - our own bytes
