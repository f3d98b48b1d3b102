"""Which detection belongs to which track: the pairs with the largest sum of gains.

SciPy's ``linear_sum_assignment`` gives the same pairs; importing it takes 0.4 s, a quarter of the time to the first
label. Few faces are near several others, so the tracks and detections that concern each other make small groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from recognizer.types import F32


def best_pairs(gain: F32) -> list[tuple[int, int]]:
    """Return the pairs (row, column), each row and column in one at most, with the largest sum of gains.

    Args:
        gain: (N, M), at least 0; pairs without any are dropped.
    """
    pairs: list[tuple[int, int]] = []
    for rows, columns in _groups(gain > 0):
        part = gain[np.ix_(rows, columns)].astype(np.float64)
        if min(part.shape) == 1:
            row, column = divmod(int(part.argmax()), part.shape[1])
            found = [(row, column)]
        elif part.shape[0] <= part.shape[1]:
            found = _hungarian((-part).tolist())
        else:
            found = [(row, column) for column, row in _hungarian((-part.T).tolist())]
        pairs += [(rows[row], columns[column]) for row, column in found if part[row, column] > 0]
    return sorted(pairs)


def _groups(near: NDArray[np.bool_]) -> Iterator[tuple[list[int], list[int]]]:
    """Yield the rows and columns that are connected by pairs, (N, M) bool."""
    left = set(np.flatnonzero(near.any(axis=1)).tolist())
    while left:
        rows, columns, new = set[int](), set[int](), {min(left)}
        while new:
            rows |= new
            columns |= set(np.flatnonzero(near[sorted(new)].any(axis=0)).tolist())
            new = set(np.flatnonzero(near[:, sorted(columns)].any(axis=1)).tolist()) - rows
        left -= rows
        yield sorted(rows), sorted(columns)


def _hungarian(cost: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Return a column for each row at the least cost; there are at least as many columns.

    The algorithm of Kuhn and Munkres with potentials, one row after the other, in N * N * M steps.
    """
    rows, columns = len(cost), len(cost[0])
    row_price, column_price = [0.0] * (rows + 1), [0.0] * (columns + 1)
    row_of = [0] * (columns + 1)  # 1-based; 0: none. Column 0 stands for the row that is being added
    for row in range(1, rows + 1):
        row_of[0], column = row, 0
        least, came_from = [float("inf")] * (columns + 1), [0] * (columns + 1)
        visited = [False] * (columns + 1)
        while row_of[column]:
            visited[column] = True
            at, step, following = row_of[column], float("inf"), 0
            for other in range(1, columns + 1):
                if visited[other]:
                    continue
                spare = cost[at - 1][other - 1] - row_price[at] - column_price[other]
                if spare < least[other]:
                    least[other], came_from[other] = spare, column
                if least[other] < step:
                    step, following = least[other], other
            for other in range(columns + 1):
                if visited[other]:
                    row_price[row_of[other]] += step
                    column_price[other] -= step
                else:
                    least[other] -= step
            column = following
        while column:
            row_of[column] = row_of[came_from[column]]
            column = came_from[column]
    return [(row_of[column] - 1, column - 1) for column in range(1, columns + 1) if row_of[column]]
