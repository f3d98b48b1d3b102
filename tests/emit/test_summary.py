"""The run's figures, and that they take no more memory in a month."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from recognizer.emit.durations import Durations
from recognizer.emit.summary import Summary, summary_table
from recognizer.errors import OutputError
from recognizer.memory import peak_rss_mb
from recognizer.types import EventKind, Status
from tests.results import event, identity, make_result


def ticking() -> Iterator[float]:
    now = 0.0
    while True:
        yield now
        now += 2.0


def test_percentiles_agree_with_the_exact_ones() -> None:
    seconds = np.random.default_rng(0).lognormal(-5, 1, 5000)
    durations = Durations()
    for one in seconds:
        durations.add(float(one))
    for percent in (1, 50, 95, 99, 100):
        exact = 1000 * np.percentile(seconds, percent, method="inverted_cdf")
        assert durations.percentile_ms(percent) == pytest.approx(exact, rel=0.011)


def test_percentiles_of_extremes() -> None:
    durations = Durations()
    assert durations.percentile_ms(50) == 0
    for one in (0.0, -1.0, 1e9):
        durations.add(one)
    assert durations.percentile_ms(50) < 0.002
    assert durations.percentile_ms(99) > 90_000


def test_figures(tmp_path: Path) -> None:
    path = tmp_path / "new" / "run.json"
    undecided = identity(1, status=Status.UNDECIDED)
    clock = ticking()
    with Summary(path, model="m", engine="e", clock=lambda: next(clock)) as summary:
        summary.emit(make_result(0.0, identities=[undecided, identity(2)], timings={"detect": 0.010}))
        summary.emit(make_result(0.5, identities=[identity(1, "Anna"), identity(2)], timings={"detect": 0.020}))
        summary.emit(
            make_result(1.0, identities=[identity(1, "Anna")], events=[event(EventKind.LOST, 1.0, track_id=2)])
        )
        summary.emit(make_result(5.0, identities=[identity(3, "Anna"), identity(4, status=Status.UNDECIDED)]))
        summary.dropped["clip"] = 7
    figures = json.loads(path.read_text())
    assert figures.pop("peak_rss_mb") > 5
    stages = figures.pop("stages_ms")
    assert stages["detect"] == {
        "p50": pytest.approx(10, rel=0.02),
        "p95": pytest.approx(20, rel=0.02),
        "p99": pytest.approx(20, rel=0.02),
    }
    assert figures == {
        "model": "m",
        "engine": "e",
        "frames": 4,
        "dropped": 7,
        "wall_s": 2.0,
        "fps": 2.0,
        "faces": {"observed": 7, "known": 3, "unknown": 2, "undecided": 2},
        "sources": [{"name": "clip", "frames": 4, "fps": 0.6, "dropped": 7}],
        "people": [
            {"name": "Anna", "tracks": 2, "first_s": 0.0, "last_s": 5.0, "time_to_name_s": 0.25, "face_frames": 3}
        ],
        "unknown_tracks": 1,
        "undecided_tracks": 1,
    }


def test_the_time_to_a_name_counts_from_the_first_detection() -> None:
    summary = Summary(None, model="m", engine="e", live={"clip"})
    summary.emit(make_result(10.0))
    summary.emit(make_result(10.5, identities=[replace(identity(1, "Anna"), first_at=10.25)]))
    [anna] = summary.as_dict()["people"]
    assert (anna["first_s"], anna["time_to_name_s"]) == (0.25, 0.25)


def test_the_times_of_a_file_are_those_of_its_events() -> None:
    """A clip whose pictures begin after its sound begins later than 0."""
    summary = Summary(None, model="m", engine="e")
    summary.emit(make_result(1.7, identities=[identity(1, "Anna")]))
    summary.emit(make_result(2.7, identities=[identity(1, "Anna")]))
    [anna] = summary.as_dict()["people"]
    assert (anna["first_s"], anna["last_s"]) == (1.7, 2.7)


def test_a_revised_name_starts_where_it_was_revised() -> None:
    summary = Summary(None, model="m", engine="e")
    for second, name in enumerate(["Anna", "Anna", "Bob", "Anna"]):
        summary.emit(make_result(float(second), identities=[identity(1, name)]))
    people = {person["name"]: person for person in summary.as_dict()["people"]}
    assert (people["Anna"]["first_s"], people["Anna"]["last_s"], people["Anna"]["tracks"]) == (0.0, 3.0, 1)
    assert (people["Bob"]["first_s"], people["Bob"]["last_s"], people["Bob"]["face_frames"]) == (2.0, 2.0, 1)
    assert summary.as_dict()["unknown_tracks"] == 0


def test_tracks_of_two_sources_are_two() -> None:
    summary = Summary(None, model="m", engine="e", live={"a", "b"})
    for source in ("a", "b"):
        summary.emit(make_result(100.0, source=source, identities=[identity(1, "Anna")]))
        summary.emit(make_result(101.0, source=source, identities=[identity(1, "Anna"), identity(2)]))
    figures = summary.as_dict()
    assert figures["people"][0]["tracks"] == 2
    assert figures["people"][0]["last_s"] == 1.0
    assert figures["unknown_tracks"] == 2


def test_a_month_takes_no_more_memory() -> None:
    summary = Summary(None, model="m", engine="e")
    for number in range(6000):
        summary.emit(make_result(number * 10.0, identities=[identity(number)], timings={"a": 0.01}))
    assert len(summary._tracks) < 1100
    assert summary.as_dict()["unknown_tracks"] == 6000


def test_no_place(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="folder"), Summary(tmp_path, model="m", engine="e"):
        pass


def test_failure_at_the_end_leaves_the_old_file_and_is_reported(tmp_path: Path, logged: list[str]) -> None:
    path = tmp_path / "sub" / "a.json"
    path.parent.mkdir()
    with Summary(path, model="m", engine="e") as summary:
        path.parent.rmdir()
        path.parent.write_text("in the way")
    assert summary.failed is not None
    assert len(logged) == 1


def test_table() -> None:
    summary = Summary(None, model="m", engine="e")
    text = io.StringIO()
    Console(file=text, width=100).print(summary_table(summary.as_dict()))
    assert "nobody" in text.getvalue()
    summary.emit(make_result(1.0, identities=[identity(1, "[bold]张伟")], timings={"detect": 0.01}))
    text = io.StringIO()
    Console(file=text, width=100).print(summary_table(summary.as_dict()))
    assert "[bold]张伟" in text.getvalue()
    assert "1 known" in text.getvalue()


def test_peak_memory_is_ours() -> None:
    peak = peak_rss_mb()
    assert peak is None or 5 < peak < 5000
