"""The held-out test: folds 9 and 10 of LFW's ten, whose people the training never sees.

Huang et al., "Labeled Faces in the Wild", 2007. ``pairs.txt`` begins with ``10<TAB>300``; then, for each fold, 300
lines ``name i j`` (same person) and 300 lines ``name i name j`` (different people).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognizer import metrics
from recognizer.errors import InputError
from recognizer.types import F32, I64

HELD_OUT_FOLDS = (9, 10)

Picture = tuple[str, int]
"""A person's name and the number of the picture, from 1."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One line of ``pairs.txt``."""

    a: Picture
    b: Picture
    fold: int
    """From 1."""

    @property
    def same(self) -> bool:
        """Whether both pictures show one person."""
        return self.a[0] == self.b[0]


def read_pairs(path: Path) -> list[Pair]:
    """Read LFW's ``pairs.txt``.

    Raises:
        InputError: if the file is missing or not in that layout.
    """
    try:
        lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        folds, per_kind = (int(word) for word in lines[0])
        pairs = [_pair(words, fold=1 + row // (2 * per_kind)) for row, words in enumerate(lines[1:])]
    except (OSError, ValueError, IndexError) as error:
        raise InputError(f"{path} is not LFW's pairs.txt ({error}); data.lfw must name its folder.") from error
    if len(pairs) != folds * 2 * per_kind:
        raise InputError(f"{path} announces {folds} folds of {2 * per_kind} pairs but holds {len(pairs)} pairs.")
    return pairs


def _pair(words: Sequence[str], fold: int) -> Pair:
    if len(words) == 3:
        name, first, second = words
        return Pair((name, int(first)), (name, int(second)), fold)
    a, first, b, second = words
    return Pair((a, int(first)), (b, int(second)), fold)


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Which LFW pictures train and which test; no person is on both sides."""

    train: list[Picture]
    test: list[Picture]
    test_pairs: I64
    """(P, 2) rows of ``test``."""
    test_same: NDArray[np.bool_]
    """(P,) whether the pair shows one person."""
    test_folds: I64
    """(P,) fold of the pair."""


def split(pairs: Sequence[Pair], held_out: Sequence[int] = HELD_OUT_FOLDS) -> Split:
    """Hold out every person who appears in one of the ``held_out`` folds; all other pictures of ``pairs`` train."""
    testing = [pair for pair in pairs if pair.fold in held_out]
    test = sorted({picture for pair in testing for picture in (pair.a, pair.b)})
    people = {name for name, _ in test}
    train = sorted({picture for pair in pairs for picture in (pair.a, pair.b) if picture[0] not in people})
    row = {picture: index for index, picture in enumerate(test)}
    return Split(
        train=train,
        test=test,
        test_pairs=np.array([(row[pair.a], row[pair.b]) for pair in testing], np.int64).reshape(-1, 2),
        test_same=np.array([pair.same for pair in testing], np.bool_),
        test_folds=np.array([pair.fold for pair in testing], np.int64),
    )


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
        test=[(str(label), row) for row, label in enumerate(labels.tolist())],
        test_pairs=np.concatenate([genuine, impostors]).astype(np.int64),
        test_same=np.arange(len(genuine) + len(impostors)) < len(genuine),
        test_folds=np.concatenate([folds_of_same, np.arange(len(impostors)) % folds]).astype(np.int64),
    )


def picture_path(images: Path, picture: Picture) -> Path:
    """Where LFW keeps a picture: ``<images>/<Name>/<Name>_NNNN.jpg``."""
    name, number = picture
    return images / name / f"{name}_{number:04d}.jpg"


@dataclass(frozen=True, slots=True)
class Score:
    """How well vectors tell the held-out people apart."""

    accuracy: float
    """Mean over the folds, each judged at the threshold that is best on the others."""
    tar: float
    """Share of same pairs accepted at FMR 1e-3. Coarse: of 600 different pairs none may then pass, so the threshold
    hangs on the one most alike pair."""
    threshold: float
    """Mean of the folds' thresholds, cosine."""


def judge(vectors: F32, people: Split) -> Score:
    """Verify the held-out pairs with vectors (N, 512), a row for each of ``people.test``, of any length."""
    a, b = people.test_pairs.T
    directions = unit(vectors)
    similarities = np.asarray((directions[a] * directions[b]).sum(axis=1), np.float32)
    folded = metrics.folded_accuracy(similarities, people.test_same, people.test_folds)
    tar = metrics.tar_at_fmr(similarities[people.test_same], similarities[~people.test_same], 1e-3)
    return Score(folded.mean, tar, folded.threshold)


def unit(vectors: F32) -> F32:
    """Rows scaled to unit length."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
