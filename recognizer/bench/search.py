"""Compare the product's index for large galleries with exact FAISS: speed, interleaved, and recall."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recognizer.app import build
from recognizer.bench.timing import Meter, Ratio, Spent, interleaved, ratio, rounded, wall_ms
from recognizer.gallery.records import Enrolled
from recognizer.geometry import unit_rows
from recognizer.types import EMBEDDING_SIZE, F32, Embeddings

MODEL = "bench-000000000000"
PHOTOS = 4
"""Vectors of a person."""
WIDTH = 192
"""Dimensions that EdgeFace XS's vectors fill: the width of its last block."""
VARIANCES = (1.6, 0.5)
"""Variances of the first and last dimension, with a mean of about 1: linear decay, as of 7,701 vectors of LFW."""
WITHIN = 0.54
"""Variance between one person's photos as a share of that between people: median cosine 0.65, as on LFW."""
WITHIN_SPREAD = 0.5
"""Standard deviation of its logarithm: photos are not equally good; 5 % of pairs below 0.43, 5 % above 0.81 there."""
_BLOCK = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A random gallery with probes of its people and of strangers."""

    kind: str
    enrolled: Enrolled
    known: F32
    """(P, 512)."""
    strangers: F32
    """(P, 512)."""


def faces(count: int, *, probes: int, seed: int = 0) -> Drawn:
    """Draw vectors distributed as EdgeFace's: people in a subspace, several photos around each.

    Args:
        count: vectors enrolled.
        probes: of known people, and as many of strangers.
        seed: of the random draws.
    """
    rng = np.random.default_rng(seed)
    turned = np.linalg.qr(rng.standard_normal((EMBEDDING_SIZE, WIDTH)))[0].T
    spread = np.sqrt(np.linspace(*VARIANCES, WIDTH))[:, None] * turned
    people = rng.standard_normal((-(-count // PHOTOS), WIDTH), dtype=np.float32)

    def photos(of: F32) -> F32:
        share = np.sqrt(WITHIN * np.exp(WITHIN_SPREAD * rng.standard_normal((len(of), 1), dtype=np.float32)))
        return unit_rows((of + share * rng.standard_normal(of.shape, dtype=np.float32)) @ spread.astype(np.float32))

    owners = np.arange(count) // PHOTOS
    known = photos(people[rng.integers(0, len(people), probes)])
    strangers = photos(rng.standard_normal((probes, WIDTH), dtype=np.float32))
    return Drawn("faces", _enrolled(owners, lambda rows: photos(people[owners[rows]])), known, strangers)


def even(count: int, *, probes: int, seed: int = 0) -> Drawn:
    """Draw vectors uniformly from the sphere, one a person: the hardest case, without structure."""
    rng = np.random.default_rng(seed)

    def draw(number: int) -> F32:
        return unit_rows(rng.standard_normal((number, EMBEDDING_SIZE), dtype=np.float32))

    enrolled = _enrolled(np.arange(count), lambda rows: draw(len(rows)))
    known = unit_rows(enrolled.vectors[rng.integers(0, count, probes)] + np.float32(1.17) * draw(probes))
    return Drawn("even", enrolled, known, draw(probes))


def _enrolled(owners: np.ndarray[tuple[int], np.dtype[Any]], draw: Callable[[Any], F32]) -> Enrolled:
    vectors = np.empty((len(owners), EMBEDDING_SIZE), np.float32)
    for start in range(0, len(owners), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(owners)))
        vectors[rows] = draw(rows)
    names = tuple(f"{owner:07d}" for owner in owners)
    return Enrolled(names, ("",) * len(names), vectors, MODEL, "bench")


@dataclass(frozen=True, slots=True, eq=False)
class SearchComparison:
    """The product's index and exact FAISS on one gallery, one probe at a time."""

    kind: str
    vectors: int
    index: str
    exact: list[Spent]
    product: list[Spent]
    speedup: Ratio
    build: Spent
    memory_mb: float | None
    """Growth of the process when the product's index was built."""
    recall: dict[str, float]
    """Share of probes with the same nearest person, of ``known`` people and of ``strangers``."""
    largest_error: float
    """Largest difference of a cosine to the same person."""

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {
            "kind": self.kind,
            "vectors": self.vectors,
            "index": self.index,
            "exact_ms": wall_ms(self.exact).as_dict(),
            "product_ms": wall_ms(self.product).as_dict(),
            "speedup": self.speedup.as_dict(),
            "build_s": rounded(self.build.wall_s),
            "memory_mb": self.memory_mb,
            "recall_at_1": self.recall,
            "largest_error": rounded(self.largest_error),
        }


def compare(drawn: Drawn, *, rounds: int) -> SearchComparison:
    """Build both indexes, time single probes interleaved, then compare the matches of all probes.

    Args:
        drawn: gallery and probes.
        rounds: single probes that are timed.
    """
    import faiss

    enrolled = drawn.enrolled
    before = resident_mb()
    with Meter() as building:
        product = build.index_of(enrolled)
    after = resident_mb()
    faiss.omp_set_num_threads(1)
    exact = faiss.IndexFlatIP(EMBEDDING_SIZE)
    exact.add(enrolled.vectors)
    queries = np.concatenate([drawn.known, drawn.strangers])

    def one(number: int) -> Embeddings:
        place = number * 7 % len(queries)
        return _probes(queries[place : place + 1])

    spent = interleaved(
        {"exact": lambda number: exact.search(one(number).vectors, 16), "product": lambda n: product.search(one(n))},
        rounds=rounds,
    )
    cosines, nearest = exact.search(queries, 1)
    found = product.search(_probes(queries))
    names = np.array(enrolled.names)[nearest[:, 0]]
    same = np.array([name == wanted for name, wanted in zip(found.names, names, strict=True)])
    known = len(drawn.known)
    return SearchComparison(
        kind=drawn.kind,
        vectors=len(enrolled),
        index=type(product).__name__,
        exact=spent["exact"],
        product=spent["product"],
        speedup=ratio(spent["exact"], spent["product"]),
        build=building.spent,
        memory_mb=None if before is None or after is None else round(after - before, 1),
        recall={"known": rounded(same[:known].mean()), "strangers": rounded(same[known:].mean())},
        largest_error=float(np.abs(found.similarities - cosines[:, 0])[same].max(initial=0.0)),
    )


def _probes(vectors: F32) -> Embeddings:
    return Embeddings(vectors, np.ones(len(vectors), np.float32), MODEL)


def resident_mb() -> float | None:
    """Return the resident memory of this process, MB; ``None`` where the system does not report it."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    except (OSError, ValueError):
        pass
    return None
