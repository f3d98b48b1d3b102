"""Average-linkage clustering of faces, incremental and with pairs that must stay apart."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from recognizer.types import F32, I64

NEIGHBOURS = 32
"""Nearest neighbours of each face that are candidates for its cluster."""
_BLOCK, _TILE = 1024, 2048
"""Faces that are compared at once with so many others: 8 MB, which stay in the processor's cache."""


class Linkage:
    """Clusters that grow: faces are added, and clusters joined while their mean similarity reaches the threshold.

    The mean cosine of all pairs between two clusters of unit vectors is the dot product of their sums divided by the
    product of their sizes, so a cluster is its sum and its size (UPGMA, Sokal and Michener 1958).

    Args:
        threshold: mean cosine from which two clusters are one.
    """

    def __init__(self, *, threshold: float) -> None:
        self._threshold = max(threshold, 1e-6)  # rows of clusters that are gone have a similarity of 0
        self._members: dict[int, list[int]] = {}
        self._places: dict[int, int] = {}
        """Row of each cluster in the arrays below."""
        self._keys: I64 = np.empty(0, np.int64)
        self._sums: F32 = np.empty((0, 0), np.float32)
        self._sizes: F32 = np.empty(0, np.float32)
        """0 where a cluster was joined with another one."""
        self._used = 0
        self._apart: dict[int, set[int]] = {}

    def set_apart(self, face: int, others: set[int]) -> None:
        """Keep a face out of the clusters of some other faces."""
        if others:
            self._apart.setdefault(face, set()).update(others)
            for other in others:
                self._apart.setdefault(other, set()).add(face)

    def put(self, cluster: int, faces: Sequence[int], vectors: F32) -> None:
        """Make a cluster of (N, D) vectors of unit length, without comparing it with others."""
        if self._used == len(self._keys):
            self._grow(vectors.shape[1])
        self._members[cluster] = list(faces)
        self._places[cluster] = place = self._used
        self._keys[place], self._sizes[place] = cluster, len(faces)
        self._sums[place] = vectors.sum(axis=0)
        self._used += 1

    def rename(self, old: int, new: int) -> None:
        """Give a cluster another number."""
        self._members[new] = self._members.pop(old)
        self._places[new] = place = self._places.pop(old)
        self._keys[place] = new

    def join(self, fresh: Collection[int]) -> set[int]:
        """Join clusters, the most similar first, until none is similar enough; an old one keeps its number.

        Args:
            fresh: clusters that are new, which were put after all others; of the others no two are ever joined.

        Returns:
            The clusters that gained faces, and the fresh ones that stay alone.
        """
        fresh = set(fresh)
        near: dict[int, set[int]] = {}
        heap: list[tuple[float, int, int, int, int]] = []
        for similarity, a, b in self._candidates(fresh):
            heap.append((-similarity, a, b, self._size(a), self._size(b)))
            near.setdefault(a, set()).add(b)
            near.setdefault(b, set()).add(a)
        heapq.heapify(heap)
        changed = set(fresh)
        while heap:
            _, a, b, size_a, size_b = heapq.heappop(heap)
            if a not in self._members or b not in self._members or (self._size(a), self._size(b)) != (size_a, size_b):
                continue  # one of them is gone or has grown since
            if (a not in fresh and b not in fresh) or self._must_stay_apart(a, b):
                continue
            stays, goes = sorted((a, b), key=lambda key: (key in fresh, key))
            self._merge(stays, goes)
            changed.discard(goes)
            changed.add(stays)
            near[stays] = {one for one in near[stays] | near.pop(goes) if one in self._members and one != stays}
            for other in near[stays]:
                near[other].add(stays)
                if (now := self.similarity(stays, other)) >= self._threshold:
                    one, two = min(stays, other), max(stays, other)
                    heapq.heappush(heap, (-now, one, two, self._size(one), self._size(two)))
        return changed

    def members(self) -> Mapping[int, Sequence[int]]:
        """Return the faces of each cluster."""
        return self._members

    def similarity(self, a: int, b: int) -> float:
        """Return the mean cosine between the faces of two clusters."""
        one, other = self._places[a], self._places[b]
        return float(self._sums[one] @ self._sums[other]) / (self._size(a) * self._size(b))

    def _size(self, cluster: int) -> int:
        return len(self._members[cluster])

    def _merge(self, stays: int, goes: int) -> None:
        place, gone = self._places[stays], self._places.pop(goes)
        self._sums[place] += self._sums[gone]
        self._members[stays] += self._members.pop(goes)
        self._sizes[place], self._sizes[gone], self._sums[gone] = self._size(stays), 0, 0

    def _grow(self, dimension: int) -> None:
        """Drop rows of clusters that are gone, and make room for twice as many."""
        kept = np.flatnonzero(self._sizes[: self._used])
        room = max(_BLOCK, 2 * len(kept))
        keys, sums, sizes = (
            np.zeros(room, np.int64),
            np.zeros((room, dimension), np.float32),
            np.zeros(room, np.float32),
        )
        if len(kept):
            keys[: len(kept)], sums[: len(kept)] = self._keys[kept], self._sums[kept]
            sizes[: len(kept)] = self._sizes[kept]
        self._keys, self._sums, self._sizes, self._used = keys, sums, sizes, len(kept)
        self._places = {int(key): place for place, key in enumerate(keys[: len(kept)].tolist())}

    def _must_stay_apart(self, a: int, b: int) -> bool:
        small, large = sorted((self._members[a], self._members[b]), key=len)
        inside: set[int] | None = None
        for face in small:
            if others := self._apart.get(face):
                inside = set(large) if inside is None else inside
                if not inside.isdisjoint(others):
                    return True
        return False

    def _candidates(self, fresh: Collection[int]) -> Iterator[tuple[float, int, int]]:
        """Yield pairs of a fresh cluster and one before it that are similar enough: of each, the nearest ones."""
        if not fresh:
            return
        first = min(self._places[key] for key in fresh)
        if int((self._sizes[first : self._used] > 0).sum()) != len(fresh):
            raise ValueError("join: wanted the fresh clusters to be put after all others.")
        plain = bool((self._sizes[: self._used] <= 1).all())  # then the sums are the means
        inverse = np.reciprocal(np.maximum(self._sizes[: self._used], np.float32(1)))
        for begin in range(first, self._used, _BLOCK):
            end = min(begin + _BLOCK, self._used)
            parts = [
                self._similar(begin, end, left, min(left + _TILE, end), None if plain else inverse)
                for left in range(0, end, _TILE)
            ]
            ones, others, similarities = (np.concatenate(each) for each in zip(*parts, strict=True))
            for one, other, similarity in _nearest(ones, others, similarities):
                a, b = sorted((int(self._keys[begin + one]), int(self._keys[other])))
                yield similarity, a, b

    def _similar(self, begin: int, end: int, left: int, right: int, inverse: F32 | None) -> tuple[I64, I64, F32]:
        """Return pairs of rows from begin to end with rows from left to right before them: where, and their cosines."""
        tile = self._sums[begin:end] @ self._sums[left:right].T
        if inverse is not None:
            tile *= inverse[begin:end, None]
            tile *= inverse[left:right]
        places = np.flatnonzero(tile >= self._threshold)
        ones, others = np.divmod(places, right - left)
        before = others + left < ones + begin  # each pair once
        return ones[before], others[before] + left, tile.ravel()[places[before]]


def _nearest(ones: I64, others: I64, similarities: F32) -> Iterator[tuple[int, int, float]]:
    """Yield of each of ``ones`` the most similar ``NEIGHBOURS``."""
    order = np.lexsort((-similarities, ones))
    ones, others, similarities = ones[order], others[order], similarities[order]
    starts = np.flatnonzero(np.diff(ones, prepend=-1))
    rank = np.arange(len(ones)) - np.repeat(starts, np.diff(starts, append=len(ones)))
    kept = rank < NEIGHBOURS
    yield from zip(ones[kept].tolist(), others[kept].tolist(), similarities[kept].tolist(), strict=True)
