from __future__ import annotations

import os
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from recognizer.errors import InputError
from recognizer.evaluation.bins import read_bin
from recognizer.evaluation.pairs import read_protocol
from tests.fakes import face_picture


def crop(person: int) -> bytes:
    image = cv2.resize(face_picture((person, 1)), (112, 112))
    return cv2.imencode(".png", image)[1].tobytes()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("as_array", [False, True])
def test_sets_written_by_any_python_are_read(tmp_path: Path, protocol: int, as_array: bool) -> None:
    crops = [crop(person) for person in (1, 1, 1, 2)]
    kept = [np.frombuffer(data, np.uint8).copy() for data in crops] if as_array else crops
    path = tmp_path / "tiny.bin"
    path.write_bytes(pickle.dumps((kept, [True, np.bool_(False)]), protocol=protocol))
    pictures, same = read_bin(path)
    assert pictures == crops
    assert same.tolist() == [True, False]


def test_a_python_2_set_is_read(tmp_path: Path) -> None:
    """Python 2 wrote its strings as BINSTRING; ten thousand published files are like that."""
    data = crop(1)
    string = b"T" + len(data).to_bytes(4, "little") + data
    path = tmp_path / "old.bin"
    path.write_bytes(b"\x80\x02](" + string + string + b"e]\x88a\x86.")
    assert read_bin(path)[0] == [data, data]


def test_the_folds_of_a_set_are_ten_in_order(tmp_path: Path) -> None:
    path = tmp_path / "set.bin"
    path.write_bytes(pickle.dumps(([crop(1)] * 40, [True, False] * 10)))
    pairs = read_protocol("bin", path)
    assert pairs.aligned
    assert pairs.folds.tolist() == [fold for fold in range(10) for _ in range(2)]
    assert pairs.pictures[pairs.right[3]].read().shape == (112, 112, 3)


@pytest.mark.parametrize(("answer", "kind"), [(True, "all of one person"), (False, "all of two")])
def test_a_set_of_one_kind_of_pairs_verifies_nothing(tmp_path: Path, answer: bool, kind: str) -> None:
    path = tmp_path / "set.bin"
    path.write_bytes(pickle.dumps(([crop(1)] * 40, [answer] * 20)))
    with pytest.raises(InputError, match=rf"set\.bin: wanted pairs of one person and pairs of two, got 20.*{kind}"):
        read_protocol("bin", path)


class Forged:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch forged",)


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(([Forged()], [True])),
        pickle.dumps(([b"x"], [True])),
        pickle.dumps("text"),
        b"not a pickle",
        b"",
        b"c__builtin__\neval\n(S'1'\ntR.",
        b"\x80\x04\x8c\x07_codecs\x8c\x06encode\x93\x8c\x01x\x8c\x03zip\x86R.",
    ],
)
def test_nothing_in_a_forged_file_is_run(tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "set.bin").write_bytes(content)
    with pytest.raises(InputError, match=r"set\.bin"):
        read_bin(tmp_path / "set.bin")
    assert not (tmp_path / "forged").exists()
