from __future__ import annotations

from pathlib import Path

from recognizer.bench import history, history_clusters


def test_a_drawn_history_is_listed_and_searched(tmp_path: Path) -> None:
    found = history.measure(tmp_path / "history", 1000, rounds=2, key=bytes(32))
    assert (found["tracks"], found["encrypted"], found["right"]) == (1000, True, 1.0)
    assert found["bytes_a_track"] > 1024  # a vector
    assert all(spent["median"] > 0 for spent in found["lists_ms"].values())


def test_drawn_strangers_are_put_into_clusters(tmp_path: Path) -> None:
    found = history_clusters.measure(tmp_path / "history", 1000, rounds=3)
    assert found["people"] == 200
    assert found["people"] * 0.9 < found["clusters"] < found["people"] * 1.2
    assert found["one_more_ms"]["median"] > 0
