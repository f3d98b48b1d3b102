"""Who trains and who tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recognizer.evaluation.pairs import read_protocol
from recognizer.train.embedder import heldout
from tests.train import factories


def test_a_person_of_a_held_out_fold_never_trains() -> None:
    split = heldout.split(
        factories.pair_set(
            ("A/1", "A/2", 1),
            ("B/1", "C/1", 1),
            ("A/3", "D/1", 9),  # A stands in a training fold too
            ("E/1", "E/2", 10),
        )
    )
    assert [picture.name for picture in split.train] == ["B/1", "C/1"]
    assert [picture.name for picture in split.test] == ["A/3", "D/1", "E/1", "E/2"]
    assert split.owners == ["A", "D", "E", "E"]
    assert split.test_pairs.tolist() == [[0, 1], [2, 3]]
    assert split.test_same.tolist() == [False, True]
    assert split.test_folds.tolist() == [8, 9]


@pytest.mark.weights
def test_the_real_pairs_share_no_person_between_training_and_test(shared_data: Path) -> None:
    split = heldout.split(read_protocol("lfw", shared_data / "data" / "lfw"))
    assert not {heldout.owner(picture) for picture in split.train} & set(split.owners)
    assert (len(split.train), len(split.test), len(split.test_pairs)) == (6152, 1549, 1200)
    for fold in heldout.HELD_OUT_FOLDS:
        assert np.bincount(split.test_same[split.test_folds == fold - 1]).tolist() == [300, 300]


def test_verify_ignores_the_length_of_vectors() -> None:
    people = heldout.split(
        factories.pair_set(
            *(
                (f"{a}/1", f"{b}/2", fold)
                for fold in (9, 10)
                for a, b in (("A", "A"), ("A", "B"), ("B", "B"), ("B", "A"))
            )
        )
    )
    direction = {"A": 0, "B": 1}
    vectors = np.zeros((len(people.test), 512), np.float32)
    for row, picture in enumerate(people.test):
        vectors[row, direction[heldout.owner(picture)]] = 10.0 ** int(picture.name[-1])
    score = heldout.verify(vectors, people)
    assert (score.accuracy, score.tar) == (1.0, 1.0)
    assert score.threshold == pytest.approx(0.5)


def test_vectors_too_long_for_squares_in_single_precision_are_scaled() -> None:
    assert heldout.unit(np.array([[3e30, 4e30]], np.float32)).tolist() == [pytest.approx([0.6, 0.8])]
