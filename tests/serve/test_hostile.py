"""The service under hostile loads; ``tests/serve/hostile.py`` says which."""

from __future__ import annotations

import pytest

from tests.serve.hostile import Figures, measure, measure_age, measure_beside_a_camera

EXPECTED = {
    "nothing": {"over"},
    "150 MB with length": {"413"},
    "150 MB chunked": {"413"},
    "half-open": {"408"},
    "slow uploads": {"408", "429", "503"},
    "no reader": {"cut off"},
    "flood": {"200", "429", "503"},
}
MOST_RATIO = 1.3
"""Of the age of frames, p95, with four clients of /verify to without."""


@pytest.mark.slow
def test_hostile_loads_are_refused_and_cost_little() -> None:
    check(measure())


@pytest.mark.slow
def test_no_frame_is_lost_under_hostile_loads() -> None:
    figures = measure_beside_a_camera()
    check(figures)
    for load, found in figures.items():
        assert found["frames"] > 0, (load, found)
        assert (found["dropped"], found["losses"]) == (0, 0), (load, found)


@pytest.mark.slow
def test_clients_of_verify_do_not_make_frames_old() -> None:
    found = measure_age()
    assert found["answers"]["200"] > 0, found
    assert found["p95_ratio_of_all"] < MOST_RATIO, found


def check(figures: Figures) -> None:
    """Check what every load must meet."""
    assert figures.keys() == EXPECTED.keys()
    for load, found in figures.items():
        assert set(found["answers"]) <= EXPECTED[load], (load, found)
        assert found["health_p99_ms"] < 100, (load, found)
        assert found["memory_growth_mb"] < 50, (load, found)
    assert figures["flood"]["answers"]["200"] > 0
