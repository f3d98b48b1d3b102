"""Measure the tables of `recognizer.calibration.impostors` from embeddings of many people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recognizer.calibration.impostors import Curves, Impostors
from recognizer.errors import InputError
from recognizer.types import F32, I64

GRID = np.arange(0, 0.9001, 0.01).astype(np.float32)
SIZES = (1, 3, 10, 30, 100, 300, 1000, 3000)
PHOTOS = (1, 2, 3, 5)
MIN_PEOPLE = 100
CHANCE = 0.1
"""Pairs of different people expected to be taken for doubles (one person under two names)."""
MIN_PEOPLE_FNIR = 30
"""People with enough photos that a row of the FNIR table needs."""
DRAWS = 200
"""Galleries drawn of each size for the 95 % range."""


def merge_doubles(vectors: F32, people: I64, *, above: float) -> tuple[I64, int]:
    """Merge names whose photos reach the cosine ``above``: data sets have the same person under two names.

    Returns:
        People renumbered, and how many pairs of them were merged.
    """
    leader = np.arange(int(people.max()) + 1)
    count = 0
    for start in range(0, len(vectors), 512):
        cosines = vectors[start : start + 512] @ vectors.T
        for row, column in zip(*np.nonzero(cosines >= above), strict=True):
            one, other = leader[people[row + start]], leader[people[column]]
            if one != other:
                leader[leader == max(one, other)] = min(one, other)
                count += 1
    return np.unique(leader[people], return_inverse=True)[1].astype(np.int64), count


def doubles_threshold(vectors: F32, people: I64) -> float | None:
    """Estimate the cosine that a pair of different people reaches in 1 of 10 such data sets; above, names are doubles.

    The tail of the pairs' best cosines is about normally distributed. A line is fitted to the normal quantiles of ranks
    200 to 10,000 of the sorted pairs, where doubles are too few to matter, and extrapolated to rank CHANCE. Rank 1
    would be too low: the most similar strangers of a weak model would be merged and so missing from its impostors. On
    LFW's 4,281 names it gives 0.55 for edgeface_xs_q and 0.57 for edgeface_xxs_q, with 13 and 12 pairs above. Checked
    one by one, those are one person with two spellings (Jon and John Gruden), one picture under two names, or twins; so
    are the next three of xs_q. On the 890 people of folds 9 and 10, which have no doubles, it finds none (rank 1: four
    for xs_q, one for our own).

    Args:
        vectors: (N, 512) of unit length.
        people: (N,) whose photo each is.

    Returns:
        The cosine, or ``None`` with fewer than ``MIN_PEOPLE`` people, whose pairs are too few for the fit.
    """
    from scipy import special

    order = np.argsort(people, kind="stable")
    vectors, starts = vectors[order], np.unique(people[order], return_index=True)[1]
    count = len(starts)
    if count < MIN_PEOPLE:
        return None
    pairs = count * (count - 1) // 2
    last = min(10_000, pairs // 20)
    highest = np.empty(0, np.float32)
    for first in range(0, count, 256):
        block = starts[first : first + 256]
        stop = starts[first + 256] if first + 256 < count else len(vectors)
        cosines = np.maximum.reduceat(vectors[block[0] : stop] @ vectors.T, block - block[0], axis=0)
        nearest = np.maximum.reduceat(cosines, starts, axis=1)[
            np.arange(count) > np.arange(len(block))[:, None] + first
        ]
        highest = np.concatenate([highest, nearest])
        if len(highest) > last:
            highest = -np.partition(-highest, last - 1)[:last]
    places = np.unique(np.geomspace(min(200, last // 10), last, 60).astype(int))
    slope, start_at = np.polyfit(-special.ndtri(places / pairs), np.sort(highest)[::-1][places - 1], 1)
    return float(start_at - slope * special.ndtri(CHANCE / pairs))


def measure_impostors(vectors: F32, people: I64, *, data: str, seed: int = 0, draws: int = DRAWS) -> Impostors:
    """Measure the tables of a data set.

    Args:
        vectors: (N, 512) of unit length.
        people: (N,) whose photo each is.
        data: description of the data set.
        seed: of the random draws.
        draws: galleries of each size.

    Raises:
        InputError: if too few people have two photos.
    """
    random = np.random.default_rng(seed)
    rows_of = [np.nonzero(people == person)[0] for person in np.unique(people)]
    one_each = np.array([random.choice(rows) for rows in rows_of])
    cosines = vectors[one_each] @ vectors[one_each].T
    np.fill_diagonal(cosines, -2)
    sizes = [size for size in SIZES if size <= 0.75 * len(rows_of)]
    spread = [_spread(cosines, size, draws, random) for size in sizes]
    fpir = Curves(
        np.array(sizes, np.float64),
        GRID,
        np.stack([expected_fpir(cosines, size) for size in sizes]),
        np.stack([low for low, _ in spread]),
        np.stack([high for _, high in spread]),
    )
    return Impostors(data, len(rows_of), fpir, _fnir(vectors, rows_of, draws, random))


def expected_fpir(cosines: F32, size: int) -> NDArray[np.float64]:
    """Compute the (T,) FPIR at each threshold of ``GRID``, the mean over *all* galleries of ``size`` people.

    Of the M others, k reach the threshold for a stranger: a gallery of n contains none of them with probability
    C(M - k, n) / C(M, n), the hypergeometric distribution.

    Args:
        cosines: (P, P) of all people, the diagonal below any threshold.
        size: n.
    """
    from scipy import special  # 0.25 s of import, not needed at start

    others = len(cosines) - 1
    near = others + 1 - np.stack([np.searchsorted(row, GRID) for row in np.sort(cosines, axis=1)])
    near = np.minimum(near, others).astype(np.float64)
    rest = others - near
    logs = special.gammaln(rest + 1) - special.gammaln(np.maximum(rest - size, 0) + 1)
    logs += special.gammaln(others - size + 1) - special.gammaln(others + 1)
    missed = np.where(rest >= size, np.exp(logs), 0.0)
    return np.asarray((1 - missed).mean(axis=0).clip(0, 1))


def _spread(
    cosines: F32, size: int, draws: int, random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the 95 % range of FPIR, (T,) low and high, over galleries and samples of strangers."""
    found = np.empty((draws, len(GRID)))
    for draw in range(draws):
        order = random.permutation(len(cosines))
        strangers = random.choice(order[size:], len(order) - size)  # with replacement: another sample of this size
        best = np.sort(cosines[np.ix_(strangers, order[:size])].max(axis=1))
        found[draw] = 1 - np.searchsorted(best, GRID) / len(best)
    low, high = np.percentile(found, [2.5, 97.5], axis=0)
    none = 3 / len(cosines)  # the rule of three
    return np.asarray(low), np.asarray(np.maximum(high, none))


def _fnir(vectors: F32, rows_of: Sequence[I64], draws: int, random: np.random.Generator) -> Curves:
    """Measure the share of probes below a threshold with the best of k enrolled photos; people are bootstrapped."""
    means, lows, highs, sizes = [], [], [], []
    if sum(len(rows) > 1 for rows in rows_of) < MIN_PEOPLE_FNIR:
        raise InputError(
            f"Of {len(rows_of)} people fewer than {MIN_PEOPLE_FNIR} have two photos; misses cannot be measured."
        )
    for photos in PHOTOS:
        able = [rows for rows in rows_of if len(rows) > photos]
        if len(able) < MIN_PEOPLE_FNIR:
            break
        below = np.empty((len(able), len(GRID)))
        for place, rows in enumerate(able):
            shuffled = random.permutation(rows)
            best = np.sort((vectors[shuffled[photos:]] @ vectors[shuffled[:photos]].T).max(axis=1))
            below[place] = np.searchsorted(best, GRID) / len(best)  # each person counts once, with any number of photos
        drawn = [below[random.integers(0, len(able), len(able))].mean(axis=0) for _ in range(draws)]
        low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
        sizes.append(photos)
        means.append(below.mean(axis=0))
        lows.append(low)
        highs.append(np.maximum(high, 3 / len(able)))
    return Curves(np.array(sizes, np.float64), GRID, np.stack(means), np.stack(lows), np.stack(highs))
