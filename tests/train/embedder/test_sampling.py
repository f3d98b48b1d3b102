"""Which faces a batch holds."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from recognizer.errors import ImageError, InputError
from recognizer.train.embedder.people import People
from recognizer.train.embedder.sampling import KnownFaces
from recognizer.train.embedder.settings import Augment
from recognizer.types import U8
from tests.train import factories

LABELS = np.array([0, 1, 1, 0, 2, 2, 2, 3])


class Album:
    """Faces in memory, some of which cannot be read."""

    def __init__(self, *, damaged: frozenset[int] = frozenset()) -> None:
        self._pictures = factories.pictures(len(LABELS))
        self._damaged = damaged

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, row: int) -> U8:
        if row in self._damaged:
            raise ImageError(f"record {row} is damaged.")
        return np.asarray(self._pictures[row], np.uint8)


def known(
    *, each: int | None = None, wanted: Augment = Augment.NONE, damaged: frozenset[int] = frozenset()
) -> KnownFaces:
    everyone = People(Album(damaged=damaged), LABELS, ("A", "B", "C", "D"))
    return KnownFaces(people=everyone, wanted=wanted, seed=5, each=each)


def test_a_pass_shows_every_face_once_in_another_order_each_time() -> None:
    passes = [known().rows(np.arange(8 * number, 8 * number + 8)).tolist() for number in range(3)]
    assert all(sorted(rows) == list(range(8)) for rows in passes)
    assert passes[0] != passes[1]
    across = known().rows(np.arange(6, 10)).tolist()
    assert across == passes[0][6:] + passes[1][:2]


def test_a_balanced_batch_holds_as_many_faces_of_each_person() -> None:
    faces = known(each=2)
    rows = faces.rows(np.arange(8))
    assert Counter(LABELS[rows].tolist()) == {0: 2, 1: 2, 2: 2, 3: 2}
    for person in (0, 1, 2):
        assert len(set(rows[LABELS[rows] == person].tolist())) == 2, "different faces where there are"
    assert faces.rows(np.arange(3, 7)).tolist() == rows[3:7].tolist(), "wherever one starts"
    assert faces.rows(np.arange(8, 16)).tolist() != rows.tolist()


def test_labels_go_with_their_faces_and_processes_see_the_same() -> None:
    pictures, labels = known().batch(np.arange(8))
    album = Album()
    for picture, label in zip(pictures, labels.tolist(), strict=True):
        row = next(r for r in range(8) if np.array_equal(album[r], picture))
        assert LABELS[row] == label
    halves = [known().batch(np.arange(rank, 8, 2))[1] for rank in (0, 1)]
    assert torch.equal(torch.stack(halves, dim=1).flatten(), labels)


def test_a_damaged_face_gives_way_with_its_label() -> None:
    pictures, labels = known(damaged=frozenset({4, 5, 6})).batch(np.arange(8))
    assert Counter(labels.tolist()) == {0: 2, 1: 2, 3: 4}
    assert len(pictures) == 8
    with pytest.raises(InputError, match="Not one face"):
        known(damaged=frozenset(range(8))).batch(np.arange(1))


def test_augmentations_repeat_and_do_what_they_say() -> None:
    plain, _ = known().batch(np.arange(8))
    mirrored, _ = known(wanted=Augment.MIRROR).batch(np.arange(8))
    turned = [np.array_equal(a, b[:, ::-1]) for a, b in zip(plain, mirrored, strict=True)]
    straight = [np.array_equal(a, b) for a, b in zip(plain, mirrored, strict=True)]
    assert any(turned)
    assert any(straight)
    assert all(a or b for a, b in zip(turned, straight, strict=True))
    camera, again = (known(wanted=Augment.CAMERA).batch(np.arange(8))[0] for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(camera, again, strict=True))
    later, _ = known(wanted=Augment.CAMERA).batch(np.arange(8, 16))
    assert not any(np.array_equal(a, b) for a in camera for b in later)
