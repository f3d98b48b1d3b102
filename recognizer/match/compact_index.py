"""Large galleries in little memory and time: short codes find the candidates, cosines choose among them.

Every vector is kept twice. As a code of two bits a dimension, four-bit product quantisation (Jégou, Douze, Schmid, PAMI
2011) scanned in registers (André, Kermarrec, Le Scouarnec, PAMI 2019; FAISS's fast scan): a probe is compared with all
of them, no list is left out. And as half-precision floats, with which the candidates' cosines are computed: they differ
from single precision by less than 1e-4, and a name needs a far greater lead over the next person, so that no name hangs
on it.

A network's vectors fill no more dimensions than its last layer is wide, 192 of 512 with EdgeFace XS, so that both are
kept in an orthonormal basis of those; the cosines are the same. One million vectors of EdgeFace XS take 0.45 GB, where
single precision takes 2, and a probe 22 times less time than exact FAISS on one thread; 512 independent dimensions take
1.2 GB (`python main.py bench gallery`).
"""

from __future__ import annotations

from dataclasses import replace

import faiss
import numpy as np
from numpy.typing import NDArray

from recognizer.gallery.records import Enrolled
from recognizer.match.exact_index import people_of
from recognizer.types import F32, I64, Embeddings, Matches

CANDIDATES = 1024
"""Of 1,000,000 vectors drawn as EdgeFace's lie, the nearest was among so many for all of 500 probes of enrolled people
and 500 of strangers, and among 256 for all but four strangers; what takes time is the scan."""
LEARN_FROM = 20_000
"""Vectors that basis and codes are learnt from."""
OUTSIDE = 1e-5
"""Squared length of what a vector may have outside the basis: rounding."""
_BLOCK = 65_536


class CompactIndex:
    """Approximate in whom it considers, exact in how near they are.

    The enrolled vectors are not kept.

    Args:
        enrolled: the people; thousands of vectors, or there is nothing to learn codes from.
    """

    def __init__(self, *, enrolled: Enrolled) -> None:
        self._enrolled = replace(enrolled, files=(), vectors=enrolled.vectors[:0].copy())
        self._people, _, self._owners = people_of(enrolled)
        faiss.omp_set_num_threads(1)
        sample = enrolled.vectors[_sample(len(enrolled))]
        self._basis = _basis(sample, enrolled.vectors)
        width = self._basis.shape[0]
        self._halves: NDArray[np.float16] = np.empty((len(enrolled), width), np.float16)
        self._codes = faiss.IndexPQFastScan(width, width // 2, 4, faiss.METRIC_INNER_PRODUCT)
        self._codes.train(sample @ self._basis.T)
        for start in range(0, len(enrolled), _BLOCK):
            block = enrolled.vectors[start : start + _BLOCK] @ self._basis.T
            self._codes.add(block)
            self._halves[start : start + _BLOCK] = block

    def search(self, probes: Embeddings) -> Matches:
        """Find the nearest person of each probe, and how near the nearest *other* person is.

        Raises:
            FingerprintError: if the probes are another model's.
        """
        self._enrolled.require(probes.model)
        if len(probes) == 0:
            return Matches.empty()
        turned = np.ascontiguousarray(probes.vectors @ self._basis.T)
        candidates = self._candidates(turned, min(CANDIDATES, len(self._owners)))
        answers = [self._choose(probe, rows) for probe, rows in zip(turned, candidates, strict=True)]
        names, similarities, runners_up = zip(*answers, strict=True)
        return Matches(tuple(names), np.array(similarities, np.float32), np.array(runners_up, np.float32))

    def _candidates(self, probes: F32, count: int) -> list[I64]:
        """For each of (K, D) probes the rows whose codes are nearest, ``count`` or a few less."""
        _, rows = self._codes.search(probes, count)
        return [found[found >= 0] for found in rows]

    def _choose(self, probe: F32, rows: I64) -> tuple[str, float, float]:
        """Nearest person, cosine to them, cosine to the nearest other one; more candidates while all are one person's.

        Args:
            probe: (D,) in the basis.
            rows: (C,) candidates.
        """
        reached, everybody = CANDIDATES, len(self._owners)
        while True:
            cosines = self._halves[rows].astype(np.float32) @ probe
            owners = self._owners[rows]
            winner = _first_of_best(owners, cosines)
            others = cosines[owners != winner]
            if len(others) or len(self._people) == 1:
                break
            reached *= 4
            rows = np.arange(everybody) if reached >= everybody else self._candidates(probe[None], reached)[0]
        return self._people[winner], float(cosines.max()), float(others.max(initial=-1.0))


def _first_of_best(owners: I64, cosines: F32) -> int:
    """The person with the largest cosine; of equally near people the first."""
    return int(owners[cosines == cosines.max()].min())


def _sample(count: int) -> I64:
    """Rows spread evenly over the gallery, LEARN_FROM at most."""
    return np.linspace(0, count - 1, min(count, LEARN_FROM)).astype(np.int64)


def _basis(sample: F32, vectors: F32) -> F32:
    """(D, E) orthonormal rows, D even, in which every vector has its length; most variance first.

    Args:
        sample: (S, E) vectors to find it from, E even.
        vectors: (N, E) all of them.
    """
    values, directions = np.linalg.eigh(sample.T.astype(np.float64) @ sample)
    directions = directions[:, ::-1].T.astype(np.float32)
    left = np.cumsum(values) / len(sample)  # smallest first: what is lost without so many directions, a vector
    width = vectors.shape[1] - int(np.searchsorted(left, OUTSIDE / 10))
    width += width % 2
    basis = np.ascontiguousarray(directions[:width])
    for start in range(0, len(vectors), _BLOCK):
        inside = ((vectors[start : start + _BLOCK] @ basis.T) ** 2).sum(axis=1)
        if (inside < 1 - OUTSIDE).any():  # a kind of vector that the sample did not have
            return np.ascontiguousarray(directions)
    return basis
