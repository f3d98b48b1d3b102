"""Average-linkage clustering of faces, incremental and with pairs that must stay apart."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from recognizer.types import F32

NEIGHBOURS = 32
"""Nearest neighbours of each face that are candidates for its cluster."""
_BLOCK = 1024
"""Faces whose similarities to all others are computed at once."""


class Linkage:
    """Clusters that grow: faces are added, and clusters joined while their mean similarity reaches the threshold.

    The mean cosine of all pairs between two clusters of unit vectors is the dot product of their sums divided by the
    product of their sizes, so a cluster is its sum and its size (UPGMA, Sokal and Michener 1958).

    Args:
        threshold: mean cosine from which two clusters are one.
    """

    def __init__(self, *, threshold: float) -> None:
        self._threshold = threshold
        self._sums: dict[int, NDArray[np.float64]] = {}
        self._members: dict[int, list[int]] = {}
        self._apart: dict[int, set[int]] = {}

    def set_apart(self, face: int, others: set[int]) -> None:
        """Keep a face out of the clusters of some other faces."""
        if others:
            self._apart.setdefault(face, set()).update(others)
            for other in others:
                self._apart.setdefault(other, set()).add(face)

    def put(self, cluster: int, faces: Sequence[int], vectors: F32) -> None:
        """Make a cluster of (N, D) vectors of unit length, without comparing it with others."""
        self._members[cluster] = list(faces)
        self._sums[cluster] = vectors.sum(axis=0, dtype=np.float64)

    def join(self, fresh: Collection[int]) -> None:
        """Join clusters, the most similar first, until none is similar enough; an old one keeps its number.

        Args:
            fresh: clusters that are new; of the others no two are ever joined.
        """
        gone: set[int] = set()
        near: dict[int, set[int]] = {}
        heap: list[tuple[float, int, int, int, int]] = []
        for similarity, a, b in self._candidates(fresh):
            heap.append((-similarity, a, b, self._size(a), self._size(b)))
            near.setdefault(a, set()).add(b)
            near.setdefault(b, set()).add(a)
        heapq.heapify(heap)
        while heap:
            _, a, b, size_a, size_b = heapq.heappop(heap)
            if a in gone or b in gone or (self._size(a), self._size(b)) != (size_a, size_b):
                continue  # one of them has grown since
            if self._must_stay_apart(a, b):
                continue
            if a not in fresh and b not in fresh:
                continue
            stays, goes = sorted((a, b), key=lambda key: (key in fresh, key))
            self._sums[stays] = self._sums[stays] + self._sums.pop(goes)
            self._members[stays] += self._members.pop(goes)
            gone.add(goes)
            near[stays] = {one for one in near[stays] | near.pop(goes) if one not in gone and one != stays}
            for other in near[stays]:
                near[other].add(stays)
                if (now := self.similarity(stays, other)) >= self._threshold:
                    one, two = min(stays, other), max(stays, other)
                    heapq.heappush(heap, (-now, one, two, self._size(one), self._size(two)))

    def members(self) -> Mapping[int, Sequence[int]]:
        """Return the faces of each cluster."""
        return self._members

    def similarity(self, a: int, b: int) -> float:
        """Return the mean cosine between the faces of two clusters."""
        return float(self._sums[a] @ self._sums[b]) / (self._size(a) * self._size(b))

    def _size(self, cluster: int) -> int:
        return len(self._members[cluster])

    def _must_stay_apart(self, a: int, b: int) -> bool:
        small, large = sorted((self._members[a], self._members[b]), key=len)
        inside = set(large)
        return any(not inside.isdisjoint(self._apart.get(face, ())) for face in small)

    def _candidates(self, fresh: Collection[int]) -> Iterator[tuple[float, int, int]]:
        """Yield pairs of a fresh cluster and another one that are similar enough: of each, the nearest ones."""
        keys = np.array(sorted(self._sums, key=lambda key: (key not in fresh, key)), np.int64)  # fresh ones first
        rows = sum(key in fresh for key in keys.tolist())
        if len(keys) < 2 or rows == 0:
            return
        means = np.stack([self._sums[key] / len(self._members[key]) for key in keys.tolist()]).astype(np.float32)
        for begin in range(0, rows, _BLOCK):
            block = means[begin : min(begin + _BLOCK, rows)] @ means[begin:].T
            ones, others = np.nonzero(np.triu(block >= self._threshold, k=1))  # each pair once
            rows_found, starts = np.unique(ones, return_index=True)  # sorted, as nonzero gives them
            for one, columns in zip(rows_found.tolist(), np.split(others, starts)[1:], strict=True):
                if len(columns) > NEIGHBOURS:
                    columns = columns[np.argpartition(block[one, columns], -NEIGHBOURS)[-NEIGHBOURS:]]
                for column, similarity in zip(columns.tolist(), block[one, columns].tolist(), strict=True):
                    a, b = sorted((int(keys[begin + one]), int(keys[begin + column])))
                    yield similarity, a, b
