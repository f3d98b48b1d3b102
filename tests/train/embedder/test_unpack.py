"""Record files become folders and data sets, picture for picture."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from recognizer.errors import UsageError
from recognizer.train.embedder.people import FolderReader
from recognizer.train.embedder.unpack import Into, unpack
from tests.train import factories
from tests.train.record_files import PEOPLE, a_set, encoded


class Progress:
    """Counts, and like a bar on a terminal cannot be sent anywhere."""

    def __init__(self) -> None:
        self._bar = threading.local()
        self.done = 0

    def __call__(self, done: int, total: int) -> None:
        assert self.done < done <= total == len(PEOPLE)
        self.done = done


@pytest.fixture
def silent() -> Progress:
    """A bar that nobody sees."""
    return Progress()


def test_folders_hold_the_pictures_byte_for_byte_and_can_train(tmp_path: Path, silent: Progress) -> None:
    target = tmp_path / "people"
    assert unpack(a_set(tmp_path), target, Into.FOLDERS, silent) == 6
    assert sorted(path.name for path in target.iterdir()) == ["0000003", "0000008", "0000009"]
    assert (target / "0000003" / "00000001.png").read_bytes() == encoded(1)
    people, scan = FolderReader(cut=None, min_px=40, cache=tmp_path / "cache").read(target, min_photos=2)
    assert (scan.faces, scan.people) == (5, 2)
    assert np.array_equal(people.faces[0], factories.pictures(1, seed=0)[0][..., ::-1])


@pytest.mark.filterwarnings("ignore")
def test_a_data_set_has_pictures_and_labels(tmp_path: Path, silent: Progress, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    datasets = pytest.importorskip("datasets")
    target = tmp_path / "set"
    assert unpack(a_set(tmp_path), target, Into.DATASETS, silent) == 6
    back = datasets.load_from_disk(str(target))
    assert back["label"][:] == [int(person) for person in PEOPLE]
    wanted = factories.pictures(1, seed=4)[0][..., ::-1]
    assert np.array_equal(np.asarray(back[4]["image"]), wanted)


def test_a_full_folder_is_not_written_into(tmp_path: Path, silent: Progress) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "kept.txt").write_text("kept")
    with pytest.raises(UsageError, match="not empty"):
        unpack(a_set(tmp_path), tmp_path / "people", Into.FOLDERS, silent)
