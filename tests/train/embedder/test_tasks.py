"""What is gathered before a training, and kept for the next one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recognizer.errors import InputError
from recognizer.train.embedder import tasks
from recognizer.train.embedder.settings import PeopleConfig
from tests.train import factories
from tests.train.face_files import bin_of, folder_of, no_cut


def config_of(folder: Path, *, people: Path, bin_file: Path) -> PeopleConfig:
    data = {"people": people, "aligned": True, "cache": folder / "cache"}
    return factories.people_config(folder / "out", data=data, validation={"people_share": None, "bin": bin_file})


def test_two_sets_of_one_name_are_kept_apart_and_read_once(tmp_path: Path) -> None:
    people = folder_of(tmp_path / "people", Ada=2, Bea=2)
    one, two = factories.pictures(4, seed=1), factories.pictures(4, seed=2)
    first = config_of(tmp_path, people=people, bin_file=bin_of(tmp_path / "a" / "lfw.bin", one, [True, False]))
    second = config_of(tmp_path, people=people, bin_file=bin_of(tmp_path / "b" / "lfw.bin", two, [False, True]))
    known = tasks.gather(first, no_cut)
    assert known.pairs.test_pairs.tolist() == [[0, 1], [2, 3]]
    assert known.pairs.test_same.tolist() == [True, False]
    assert np.array_equal(known.test[3], one[3][..., ::-1])
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").iterdir()}
    assert np.array_equal(tasks.gather(second, no_cut).test[3], two[3][..., ::-1])
    assert np.array_equal(tasks.gather(first, no_cut).test[3], one[3][..., ::-1])
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, "written anew"


def test_a_set_of_one_kind_of_pairs_tests_nothing(tmp_path: Path) -> None:
    people = folder_of(tmp_path / "people", Ada=2, Bea=2)
    alike = bin_of(tmp_path / "lfw.bin", factories.pictures(4), [True, True])
    with pytest.raises(InputError, match=r"lfw\.bin: wanted pairs of one person and pairs of two"):
        tasks.gather(config_of(tmp_path, people=people, bin_file=alike), no_cut)
