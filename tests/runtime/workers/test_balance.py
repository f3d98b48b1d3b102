from __future__ import annotations

import pytest

from recognizer.runtime.workers.balance import REST_S, WINDOW_S, Loads, Move, best_move


@pytest.mark.parametrize(
    ("workers", "move"),
    [
        ([{"a": 0.5, "b": 0.45}, {"c": 0.1}], Move("b", 1)),
        ([{"a": 0.7, "b": 0.2}, {"c": 0.1}], Move("b", 1)),
        ([{"a": 0.4, "b": 0.4}, {"c": 0.1}], None),  # nobody is overloaded
        ([{"a": 0.95}, {"b": 0.1}], None),  # one source cannot be shared
        ([{"a": 0.9, "b": 0.05}, {"c": 0.1}], None),  # not worth it
        ([{"a": 0.5, "b": 0.5}, {"c": 0.5, "d": 0.45}], None),  # all are
        ([{"a": 2.0, "b": 1.0}], None),
        ([{"a": 0.1}, {"b": 0.5, "c": 0.5}, {"d": 0.3}], Move("b", 0)),
    ],
)
def test_the_move_that_is_worth_it(workers: list[dict[str, float]], move: Move | None) -> None:
    assert best_move(workers) == move


def test_moves_are_measured_over_a_window_and_rest() -> None:
    now = [0.0]
    loads = Loads(lambda: now[0])
    workers = [["a", "b"], ["c"]]

    def after(seconds: float) -> Move | None:
        now[0] += seconds
        loads.add("a", 0.5 * seconds)
        loads.add("b", 0.5 * seconds)
        return loads.due_move(workers)

    assert after(WINDOW_S / 2) is None
    assert after(REST_S) is not None
    assert after(WINDOW_S) is None, "no second move so soon"
    assert after(REST_S) is not None
