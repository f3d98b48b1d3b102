"""The held-out test: folds 9 and 10 of LFW's ten, whose people the training never sees; or pairs of other people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer import metrics
from recognizer.errors import InputError
from recognizer.evaluation.faces import Picture
from recognizer.evaluation.pairs import PairSet
from recognizer.geometry import unit_rows
from recognizer.types import F32, I64

HELD_OUT_FOLDS = (9, 10)
"""Counted from 1, as LFW's authors do."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Which pictures train and which test; no person is on both sides."""

    train: Sequence[Picture]
    test: Sequence[Picture]
    """Those of ``owners``; where the faces were cut out before, there are none, and none in ``train``."""
    owners: Sequence[str]
    """(N,) whose each face is that tests."""
    test_pairs: I64
    """(P, 2) rows of ``owners``."""
    test_same: NDArray[np.bool_]
    """(P,) whether the pair shows one person."""
    test_folds: I64
    """(P,) fold of the pair."""


def split(pairs: PairSet, held_out: Sequence[int] = HELD_OUT_FOLDS) -> Split:
    """Hold out every person who appears in one of the ``held_out`` folds; all other pictures of ``pairs`` train."""
    return chosen(pairs, np.isin(pairs.folds + 1, held_out))


def chosen(pairs: PairSet, testing: NDArray[np.bool_]) -> Split:
    """As ``split``, the pairs that test being chosen one by one, (P,)."""
    owners = np.array([owner(picture) for picture in pairs.pictures])
    both = np.column_stack([pairs.left, pairs.right])[testing]
    test = np.unique(both)
    train = np.flatnonzero(~np.isin(owners, owners[test]))
    return Split(
        train=[pairs.pictures[row] for row in train],
        test=[pairs.pictures[row] for row in test],
        owners=owners[test].tolist(),
        test_pairs=np.searchsorted(test, both).astype(np.int64),
        test_same=pairs.same[testing],
        test_folds=pairs.folds[testing],
    )


def owner(picture: Picture) -> str:
    """Whose a picture is, where each person has a folder; else its own name."""
    return picture.name.partition("/")[0]


def pairs_of(labels: I64, *, seed: int, each: int = 10) -> Split:
    """Pairs of people of one's own: up to ``each`` of one person, and as many of different people, in up to ten folds.

    Args:
        labels: (N,) the person of each face, from 0.
        seed: of the draws.
        each: so that people with many pictures do not outweigh the others.

    Raises:
        InputError: if nobody has two pictures.
    """
    rng = np.random.default_rng((seed, 78))
    people = int(labels.max()) + 1
    of_person = [np.flatnonzero(labels == person) for person in range(people)]
    folds = min(10, people // 2)
    same, folds_of_same = [], []
    for person, rows in enumerate(of_person):
        every = np.column_stack(np.triu_indices(len(rows), 1))
        chosen = rows[rng.permutation(every)[:each]]
        same.append(chosen)
        folds_of_same += [person % folds] * len(chosen)
    genuine = np.concatenate(same)
    if len(genuine) == 0:
        raise InputError("The people held back have one picture each, and pairs need two: set data.min_photos to 2.")
    a, b = rng.integers(0, len(labels), (2, 4 * len(genuine) + 16))
    apart = np.flatnonzero(labels[a] != labels[b])[: len(genuine)]
    impostors = np.column_stack([a[apart], b[apart]])
    return Split(
        train=[],
        test=[],
        owners=[str(label) for label in labels.tolist()],
        test_pairs=np.concatenate([genuine, impostors]).astype(np.int64),
        test_same=np.arange(len(genuine) + len(impostors)) < len(genuine),
        test_folds=np.concatenate([folds_of_same, np.arange(len(impostors)) % folds]).astype(np.int64),
    )


@dataclass(frozen=True, slots=True)
class Score:
    """How well vectors separate the held-out people."""

    accuracy: float
    """Mean over the folds, each verified at the threshold that is best on the others."""
    tar: float
    """Share of same pairs accepted at FMR 1e-3. Coarse: of 600 different pairs none may then pass, so the threshold
    hangs on the one most alike pair."""
    threshold: float
    """Mean of the folds' thresholds, cosine."""


def verify(vectors: F32, people: Split) -> Score:
    """Verify the held-out pairs with vectors (N, 512), a row for each of ``people.owners``, of any length."""
    found = similarities(vectors, people)
    folded = metrics.folded_accuracy(found, people.test_same, people.test_folds)
    tar = metrics.tar_at_fmr(found[people.test_same], found[~people.test_same], 1e-3)
    return Score(folded.mean, tar, folded.threshold)


def similarities(vectors: F32, people: Split) -> F32:
    """Cosine of each pair, (P,), from vectors as for ``verify``."""
    a, b = people.test_pairs.T
    directions = unit(vectors)
    return np.asarray((directions[a] * directions[b]).sum(axis=1), np.float32)


def unit(vectors: F32) -> F32:
    """Rows scaled to unit length; a deep network's first vectors may be too long for squares in single precision."""
    return unit_rows(vectors.astype(np.float64))
