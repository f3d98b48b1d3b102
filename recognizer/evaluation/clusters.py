"""Measure clusters of unknown people: precision and recall of the pairs of faces that are put together.

The pairwise measures are those of Amigó et al. (A comparison of extrinsic clustering evaluation metrics, 2009).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recognizer.history.linkage import Linkage
from recognizer.types import F32, I64


def evaluate(
    vectors: F32, people: I64, *, threshold: float, sizes: Sequence[int | None], draws: int, seed: int = 0
) -> list[dict[str, Any]]:
    """Cluster pictures of people drawn at random, each picture as a track of its own.

    Args:
        vectors: (N, D) of unit length.
        people: (N,) whose picture each is.
        threshold: mean cosine from which two clusters are one.
        sizes: pictures of a draw, at least; ``None``: all, once.
        draws: of each other size.
        seed: of the random draws.

    Returns:
        A row for each size: pictures, people and clusters of the last draw, and precision and recall over the pairs of
        all draws, with the lowest precision of a draw.
    """
    rows = []
    for size in sizes:
        rng = np.random.default_rng(seed)
        counts, precisions = np.zeros(3, np.int64), []
        everything = size is None or size >= len(vectors)
        for _ in range(1 if everything else draws):
            picked = np.arange(len(vectors)) if everything else _draw(people, size or 0, rng)
            found = cluster(vectors[picked], threshold=threshold)
            both, together, same = pair_counts(found, people[picked])
            counts += (both, together, same)
            precisions.append(both / max(together, 1))
        rows.append(
            {
                "pictures": len(picked),
                "people": len(np.unique(people[picked])),
                "clusters": len(np.unique(found)),
                "draws": len(precisions),
                "pairs": int(counts[2]),
                "precision": round(float(counts[0] / max(counts[1], 1)), 5),
                "lowest_precision": round(float(min(precisions)), 5),
                "recall": round(float(counts[0] / max(counts[2], 1)), 5),
            }
        )
    return rows


def cluster(vectors: F32, *, threshold: float) -> I64:
    """Return the (N,) cluster of each of (N, D) vectors, as ``history unknowns`` makes them."""
    linkage = Linkage(threshold=threshold)
    for number, vector in enumerate(vectors):
        linkage.put(number, [number], vector[None])
    linkage.join(range(len(vectors)))
    found = np.empty(len(vectors), np.int64)
    for key, members in linkage.members().items():
        found[list(members)] = key
    return found


def pair_counts(clusters: I64, people: I64) -> tuple[int, int, int]:
    """Count pairs of faces: of one cluster and one person, of one cluster, and of one person."""

    def pairs(of: I64) -> int:
        counts = np.unique(of, return_counts=True, axis=0)[1].astype(np.int64)
        return int((counts * (counts - 1) // 2).sum())

    return pairs(np.stack([clusters, people], axis=1)), pairs(clusters), pairs(people)


def _draw(people: I64, size: int, rng: np.random.Generator) -> I64:
    """Draw people with all their pictures until there are enough."""
    picked: list[I64] = []
    for person in rng.permutation(np.unique(people)):
        if sum(map(len, picked)) >= size:
            break
        picked.append(np.flatnonzero(people == person))
    return np.concatenate(picked)
