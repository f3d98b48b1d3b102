"""Measure how alike strangers are: the tables of `recognizer.calibration.impostors`, from vectors of many people."""

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
LEAST_PEOPLE = 100
CHANCE = 0.1
"""Pairs of different people expected to be taken for doubles."""
LEAST_ABLE = 30
"""People who must have photos enough for a row of the FNIR table."""
DRAWS = 200
"""Galleries drawn of each size for the range."""


def merged(vectors: F32, people: I64, *, above: float) -> tuple[I64, int]:
    """Take people for one whose photos are as alike as ``above``: data sets hold the same person under two names.

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


def one_person_above(vectors: F32, people: I64) -> float | None:
    """The similarity that a pair of two different people reaches in one of ten such sets: above it names are doubles.

    The nearest photos of two people are, far out, about normally distributed over the pairs of people. The line of
    their quantiles is laid through places 200 to 10,000 of the sorted pairs, where doubles are too few to matter, and
    followed to place CHANCE: further than to place 1, where a weak model's most alike strangers would be taken for one
    person and so left out of its impostors. On LFW's 4,281 names it gives 0.55 for edgeface_xs_q and 0.57 for
    edgeface_xxs_q, with 13 and 12 pairs above. Looked at one by one, those are the same person spelt twice (Jon and
    John Gruden), the same picture under two names, or twins; so are the next three of xs_q. On the 890 people of folds
    9 and 10, where no model looked at shows doubles, it finds none (to place 1: four for xs_q, one for our own).

    Args:
        vectors: (N, 512) of unit length.
        people: (N,) whose photo each is.

    Returns:
        The similarity, or ``None`` with fewer than ``LEAST_PEOPLE`` people, whose pairs show no such line.
    """
    from scipy import special

    order = np.argsort(people, kind="stable")
    vectors, starts = vectors[order], np.unique(people[order], return_index=True)[1]
    count = len(starts)
    if count < LEAST_PEOPLE:
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


def measure(vectors: F32, people: I64, *, data: str, seed: int = 0, draws: int = DRAWS) -> Impostors:
    """The tables of a data set.

    Args:
        vectors: (N, 512) of unit length.
        people: (N,) whose photo each is.
        data: what it is, in words.
        seed: of the drawing.
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
    """(T,) FPIR at each threshold of ``GRID``, the mean over *all* galleries of ``size`` people.

    Of the M others, k are as near to a stranger as the threshold: a gallery of n misses all of them with the chance
    C(M - k, n) / C(M, n), the hypergeometric distribution.

    Args:
        cosines: (P, P) of everybody with everybody, the diagonal below any threshold.
        size: n.
    """
    from scipy import special  # a quarter of a second that a start need not wait for

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
    """The range of FPIR, (T,) low and high, over galleries and over samples of strangers."""
    found = np.empty((draws, len(GRID)))
    for draw in range(draws):
        order = random.permutation(len(cosines))
        strangers = random.choice(order[size:], len(order) - size)  # with replacement: another sample of as many
        best = np.sort(cosines[np.ix_(strangers, order[:size])].max(axis=1))
        found[draw] = 1 - np.searchsorted(best, GRID) / len(best)
    low, high = np.percentile(found, [2.5, 97.5], axis=0)
    none = 3 / len(cosines)  # the rule of three
    return np.asarray(low), np.asarray(np.maximum(high, none))


def _fnir(vectors: F32, rows_of: Sequence[I64], draws: int, random: np.random.Generator) -> Curves:
    """Share of probes that do not reach a threshold with the best of k enrolled photos, people drawn anew each time."""
    means, lows, highs, sizes = [], [], [], []
    if sum(len(rows) > 1 for rows in rows_of) < LEAST_ABLE:
        raise InputError(
            f"Of {len(rows_of)} people fewer than {LEAST_ABLE} have two photos; misses cannot be measured."
        )
    for photos in PHOTOS:
        able = [rows for rows in rows_of if len(rows) > photos]
        if len(able) < LEAST_ABLE:
            break
        below = np.empty((len(able), len(GRID)))
        for place, rows in enumerate(able):
            shuffled = random.permutation(rows)
            best = np.sort((vectors[shuffled[photos:]] @ vectors[shuffled[:photos]].T).max(axis=1))
            below[place] = np.searchsorted(best, GRID) / len(best)  # each person counts once, however many photos
        drawn = [below[random.integers(0, len(able), len(able))].mean(axis=0) for _ in range(draws)]
        low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
        sizes.append(photos)
        means.append(below.mean(axis=0))
        lows.append(low)
        highs.append(np.maximum(high, 3 / len(able)))
    return Curves(np.array(sizes, np.float64), GRID, np.stack(means), np.stack(lows), np.stack(highs))
