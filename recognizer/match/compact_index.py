"""Search large galleries in little memory and time: short codes find candidates, exact cosines rank them.

Three parts of FAISS in a row (Douze et al., The Faiss library, 2024):

- ``IndexPreTransform``: the vectors of a network span no more dimensions than the input of its last layer has, 192 of
  512 with EdgeFace XS. Both representations below are in an orthonormal basis of that span; cosines stay the same.
- ``IndexPQFastScan``: 2 bits a dimension, 4-bit product quantisation (Jégou, Douze, Schmid, PAMI 2011) scanned in
  registers (André, Kermarrec, Le Scouarnec, PAMI 2019). A probe is compared with the codes of all
  vectors: there are no inverted lists of which some are skipped.
- ``IndexRefine`` over fp16 vectors computes the candidates' cosines. They differ from fp32 by less than 1e-4; a name
  needs a far greater margin over the next person.

Before, NumPy computed the cosines of the same scan. FAISS takes 0.87 of that CPU time for one probe and 0.39 for eight
with 1,000,000 vectors drawn as EdgeFace's, 0.57 and 0.24 with 100,000, with the same names (interleaved, one thread).
One million vectors of EdgeFace XS take 0.45 GB, where fp32 takes 2; 512 independent dimensions take 1.2 GB
(`python main.py bench gallery`).
"""

from __future__ import annotations

from dataclasses import replace

import faiss
import numpy as np

from recognizer.gallery.records import Enrolled
from recognizer.match.exact_index import people_of
from recognizer.types import F32, I64, Embeddings, Matches

NEIGHBOURS = 16
"""Nearest vectors fetched of a probe; more only where they are all one person's."""
CANDIDATES = 1024
"""Vectors with the best codes, whose cosines are computed. Of 1,000,000 vectors drawn as EdgeFace's, the nearest was
among 1024 for all of 500 probes of enrolled people and 500 of strangers, and among 256 for all but four strangers; the
time goes into the scan."""
LEARN_FROM = 20_000
"""Vectors that basis and codes are learned from."""
OUTSIDE = 1e-5
"""Squared length that a vector may have outside the basis: rounding."""
_BLOCK = 65_536


class CompactIndex:
    """Find candidates approximately; compute their cosines exactly.

    The enrolled vectors are not kept.

    Args:
        enrolled: the people; thousands of vectors, of an even number of dimensions.
    """

    def __init__(self, *, enrolled: Enrolled) -> None:
        self._enrolled = replace(enrolled, files=(), vectors=enrolled.vectors[:0].copy())
        self._people, _, self._owners = people_of(enrolled)
        faiss.omp_set_num_threads(1)
        sample = enrolled.vectors[_sample(len(enrolled))]
        basis = _basis(sample, enrolled.vectors)
        width = len(basis)
        self._transform = faiss.LinearTransform(basis.shape[1], width, False)
        faiss.copy_array_to_vector(basis.ravel(), self._transform.A)
        self._transform.is_trained = True
        codes = faiss.IndexPQFastScan(width, width // 2, 4, faiss.METRIC_INNER_PRODUCT)
        self._fp16 = faiss.IndexScalarQuantizer(width, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        refine = faiss.IndexRefine(codes, self._fp16)
        refine.k_factor = CANDIDATES / NEIGHBOURS
        self._index = faiss.IndexPreTransform(self._transform, refine)
        self._index.train(sample)
        for start in range(0, len(enrolled), _BLOCK):
            self._index.add(enrolled.vectors[start : start + _BLOCK])

    def search(self, probes: Embeddings) -> Matches:
        """Find the nearest person of each probe, and the cosine to the nearest *other* person.

        Raises:
            FingerprintError: if the probes are another model's.
        """
        self._enrolled.require(probes.model)
        if len(probes) == 0:
            return Matches.empty()
        vectors = np.ascontiguousarray(probes.vectors)
        found = self._index.search(vectors, min(NEIGHBOURS, len(self._owners)))
        answers = [self._two_best(vectors[row : row + 1], *rows) for row, rows in enumerate(zip(*found, strict=True))]
        names, similarities, runners_up = zip(*answers, strict=True)
        return Matches(tuple(names), np.array(similarities, np.float32), np.array(runners_up, np.float32))

    def _two_best(self, probe: F32, cosines: F32, rows: I64) -> tuple[str, float, float]:
        """Name the nearest person, with the cosine to them and to the nearest other person.

        Fetches more neighbours while all are one person's; of equally near people the first is named.

        Args:
            probe: (1, D).
            cosines: (C,) of its neighbours, falling.
            rows: (C,) enrolled vectors they are; -1 where there are fewer.
        """
        count, everybody = NEIGHBOURS, len(self._owners)
        while True:
            cosines, owners = cosines[rows >= 0], self._owners[rows[rows >= 0]]
            winner = int(owners[cosines == cosines[0]].min())
            others = cosines[owners != winner]
            if len(others) or len(self._people) == 1:
                return self._people[winner], float(cosines[0]), float(others.max(initial=-1.0))
            count *= 4
            if count * (CANDIDATES // NEIGHBOURS) < everybody:
                (cosines,), (rows,) = self._index.search(probe, count)
            else:
                (cosines,), (rows,) = self._fp16.search(self._transform.apply(probe), everybody)


def _sample(count: int) -> I64:
    """Pick rows spread evenly over the gallery, LEARN_FROM at most."""
    return np.linspace(0, count - 1, min(count, LEARN_FROM)).astype(np.int64)


def _basis(sample: F32, vectors: F32) -> F32:
    """Find (D, E) orthonormal rows, D even, in which every vector keeps its length; most variance first.

    Args:
        sample: (S, E) vectors to find it from, E even.
        vectors: (N, E) all of them.
    """
    values, directions = np.linalg.eigh(sample.T.astype(np.float64) @ sample)
    directions = directions[:, ::-1].T.astype(np.float32)
    lost = np.cumsum(values) / len(sample)  # smallest first: squared length lost a vector without so many directions
    width = vectors.shape[1] - int(np.searchsorted(lost, OUTSIDE / 10))
    width += width % 2
    basis = np.ascontiguousarray(directions[:width])
    for start in range(0, len(vectors), _BLOCK):
        inside = ((vectors[start : start + _BLOCK] @ basis.T) ** 2).sum(axis=1)
        if (inside < 1 - OUTSIDE).any():  # a kind of vector that the sample did not have
            return np.ascontiguousarray(directions)
    return basis
