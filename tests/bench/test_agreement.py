from __future__ import annotations

import numpy as np

from recognizer.bench.agreement import Agreement, agreement
from recognizer.types import F32


def boxes(*rows: tuple[float, float, float, float]) -> F32:
    return np.array(rows, np.float32).reshape(-1, 4)


def test_each_box_is_found_by_one_box() -> None:
    reference = [boxes((0, 0, 10, 10), (1, 0, 11, 10)), boxes((50, 50, 60, 60)), boxes()]
    other = [boxes((0, 0, 10, 10)), boxes((50, 50, 60, 60), (0, 0, 5, 5)), boxes((1, 1, 2, 2))]
    assert agreement(reference, other, overlap=0.5) == Agreement(reference=3, found=2, extra=2)


def test_boxes_that_overlap_too_little_are_not_found() -> None:
    found = agreement([boxes((0, 0, 10, 10))], [boxes((0, 0, 10, 5))], overlap=0.7)
    assert (found.found, found.extra, found.recall) == (0, 1, 0.0)


def test_where_there_is_nothing_nothing_is_missed() -> None:
    assert agreement([boxes()], [boxes()], overlap=0.5).recall == 1.0
