"""The service under hostile loads; ``tests/serve/hostile.py`` says which."""

from __future__ import annotations

import pytest

from tests.serve.hostile import measure

EXPECTED = {
    "150 MB with length": {"413"},
    "150 MB chunked": {"413"},
    "half-open": {"408"},
    "slow uploads": {"408", "429", "503"},
    "no reader": {"cut off"},
    "flood": {"200", "429", "503"},
}


@pytest.mark.slow
def test_hostile_loads_are_refused_and_cost_little() -> None:
    figures = measure()
    assert figures.keys() == EXPECTED.keys()
    for load, found in figures.items():
        assert set(found["answers"]) <= EXPECTED[load], (load, found)
        assert found["health_p99_ms"] < 100, (load, found)
        assert found["memory_growth_mb"] < 50, (load, found)
    assert figures["flood"]["answers"]["200"] > 0
