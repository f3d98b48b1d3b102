"""Who trains and who tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recognizer.errors import InputError
from recognizer.train import heldout
from recognizer.train.heldout import Pair


def test_a_person_of_a_held_out_fold_never_trains() -> None:
    pairs = [
        Pair(("A", 1), ("A", 2), 1),
        Pair(("B", 1), ("C", 1), 1),
        Pair(("A", 3), ("D", 1), 9),  # A stands in a training fold too
        Pair(("E", 1), ("E", 2), 10),
    ]
    split = heldout.split(pairs)
    assert split.train == [("B", 1), ("C", 1)]
    assert split.test == [("A", 3), ("D", 1), ("E", 1), ("E", 2)]
    assert split.test_pairs.tolist() == [[0, 1], [2, 3]]
    assert split.test_same.tolist() == [False, True]
    assert split.test_folds.tolist() == [9, 10]


@pytest.mark.weights
def test_the_real_pairs_share_no_person_between_training_and_test(shared_data: Path) -> None:
    split = heldout.split(heldout.read_pairs(shared_data / "data" / "lfw" / "pairs.txt"))
    assert not {name for name, _ in split.train} & {name for name, _ in split.test}
    assert (len(split.train), len(split.test), len(split.test_pairs)) == (6152, 1549, 1200)
    for fold in heldout.HELD_OUT_FOLDS:
        assert np.bincount(split.test_same[split.test_folds == fold]).tolist() == [300, 300]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is not LFW's pairs.txt"),
        ("1\t1\nA\t1\t2\nA\tx\tB\t1\n", "is not LFW's pairs.txt"),
        ("2\t1\nA\t1\t2\nA\t1\tB\t1\n", "announces 2 folds of 2 pairs but holds 2"),
    ],
)
def test_a_file_in_another_layout_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "pairs.txt").write_text(text)
    with pytest.raises(InputError, match=fault):
        heldout.read_pairs(tmp_path / "pairs.txt")


def test_folds_are_counted_in_file_order(tmp_path: Path) -> None:
    (tmp_path / "pairs.txt").write_text("2\t1\nA\t1\t2\nA\t1\tB\t1\nC\t1\t2\nC\t1\tD\t1\n")
    assert [pair.fold for pair in heldout.read_pairs(tmp_path / "pairs.txt")] == [1, 1, 2, 2]


def test_judge_ignores_the_length_of_vectors() -> None:
    people = heldout.split(
        [Pair((a, 1), (b, 2), fold) for fold in (9, 10) for a, b in (("A", "A"), ("A", "B"), ("B", "B"), ("B", "A"))]
    )
    direction = {"A": 0, "B": 1}
    vectors = np.zeros((len(people.test), 512), np.float32)
    for row, (name, number) in enumerate(people.test):
        vectors[row, direction[name]] = 10.0**number
    score = heldout.judge(vectors, people)
    assert (score.accuracy, score.tar) == (1.0, 1.0)
    assert score.threshold == pytest.approx(0.5)
