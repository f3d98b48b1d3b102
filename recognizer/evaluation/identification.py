"""Measure open-set identification (ISO/IEC 19795-1; Grother et al., NISTIR 8271).

From a folder of people, galleries are drawn at random. A mated probe is another photo of an enrolled person, a
non-mated probe one photo of each person who is not enrolled. The score of a probe is its similarity to the nearest
person, by the best of that person's photos. TPIR counts mated probes whose nearest person is right and reaches the
threshold; FPIR non-mated probes that reach it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recognizer import metrics
from recognizer.errors import InputError
from recognizer.types import F32, I64

RATES = (0.001, 0.003, 0.01, 0.1)
"""FPIR at which TPIR is reported."""
RANKS = 20
DRAWS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """The outcome of one gallery."""

    mated: F32
    """(M,) similarity of each mated probe to the nearest person."""
    right: I64
    """(M,) rank of the correct person, from 1."""
    non_mated: F32
    """(S,) similarity of each non-mated probe to the nearest person."""

    def tpir(self, fpir: float) -> tuple[float, float]:
        """Return TPIR at an FPIR, and the threshold."""
        threshold = metrics.threshold_at_fmr(self.non_mated, fpir)
        return float(((self.mated >= threshold) & (self.right == 1)).mean()), threshold

    def cmc(self) -> F32:
        """Return the (RANKS,) share of mated probes whose person is within each rank (closed set)."""
        ranks = np.arange(1, RANKS + 1)
        return np.asarray((self.right[:, None] <= ranks).mean(axis=0), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Identification:
    """The outcome of galleries of one size."""

    people: int
    photos: int
    """Enrolled of each person."""
    draws: tuple[Drawn, ...]

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values: means over the draws, and their 95 % range."""
        rates = []
        for fpir in RATES:
            found = [draw.tpir(fpir) for draw in self.draws]
            tpir = [value for value, _ in found]
            low, high = np.percentile(tpir, [2.5, 97.5])
            rates.append(
                {
                    "fpir": fpir,
                    "tpir": round(float(np.mean(tpir)), 5),
                    "range_95": [round(float(low), 5), round(float(high), 5)],
                    "threshold": round(float(np.mean([threshold for _, threshold in found])), 4),
                    "resolved": all(len(draw.non_mated) * fpir >= 1 for draw in self.draws),
                }
            )
        cmc = np.mean([draw.cmc() for draw in self.draws], axis=0)
        return {
            "people": self.people,
            "photos": self.photos,
            "draws": len(self.draws),
            "mated_probes": sum(len(draw.mated) for draw in self.draws),
            "non_mated_probes": sum(len(draw.non_mated) for draw in self.draws),
            "rank_1": round(float(cmc[0]), 5),
            "cmc": [round(float(value), 5) for value in cmc],
            "tpir": rates,
        }


def identify(
    vectors: F32,
    people: I64,
    *,
    sizes: Sequence[int | None],
    photos: Sequence[int] = (1,),
    draws: int = DRAWS,
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Identification]:
    """Draw galleries and identify probes in each.

    Args:
        vectors: (N, 512) of unit length.
        people: (N,) whose photo each is.
        sizes: people enrolled; ``None``: half of those with enough photos, the others being strangers.
        photos: enrolled photos of each.
        draws: galleries of each size.
        seed: of the random draws.
        on_progress: called with the number of galleries done, and of all.

    Raises:
        InputError: if nobody has enough photos, or there are too few people for any of the sizes.
    """
    random = np.random.default_rng(seed)
    rows_of = [np.nonzero(people == person)[0] for person in range(int(people.max()) + 1)]
    wanted, most = [], 0
    for count in photos:
        able = [person for person, rows in enumerate(rows_of) if len(rows) > count]
        if not able or len(rows_of) < 3:
            raise InputError(f"Nobody has more than {count} photos; each person needs one more than is enrolled.")
        everybody = len(able) if len(able) < 0.8 * len(rows_of) else len(able) // 2
        fitting = {everybody if size is None else size for size in sizes if size is None or size <= everybody}
        wanted += [(count, size, able) for size in sorted(fitting)]
        most = max(most, everybody)
    if not wanted:
        least = min(size for size in sizes if size is not None)
        raise InputError(f"Wanted galleries of {least} or more people; at most {most} can be enrolled here.")
    results = []
    for done, (count, size, able) in enumerate(wanted):
        outcome = []
        for number in range(draws):
            on_progress(done * draws + number, len(wanted) * draws)
            outcome.append(_draw(vectors, rows_of, random.permutation(able)[:size], count, random))
        results.append(Identification(size, count, tuple(outcome)))
    on_progress(len(wanted) * draws, len(wanted) * draws)
    return results


def _draw(vectors: F32, rows_of: Sequence[I64], enrolled: I64, photos: int, random: np.random.Generator) -> Drawn:
    gallery, probes, owners = [], [], []
    for place, person in enumerate(enrolled):
        rows = random.permutation(rows_of[person])
        gallery.append(rows[:photos])
        probes.append(rows[photos:])
        owners.append(np.full(len(rows) - photos, place))
    inside = set(enrolled.tolist())
    strangers = np.array([random.choice(rows) for person, rows in enumerate(rows_of) if person not in inside])
    kept = vectors[np.concatenate(gallery)]
    starts = np.arange(len(enrolled)) * photos
    mated = np.maximum.reduceat(vectors[np.concatenate(probes)] @ kept.T, starts, axis=1)
    owner = np.concatenate(owners)
    own = mated[np.arange(len(owner)), owner]
    rank = 1 + (mated > own[:, None]).sum(axis=1)
    non_mated = (vectors[strangers] @ kept.T).max(axis=1) if len(strangers) else np.zeros(0, np.float32)
    return Drawn(mated.max(axis=1), rank.astype(np.int64), np.asarray(non_mated, np.float32))
