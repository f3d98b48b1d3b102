from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from recognizer.app.archive.find import ArchiveFile
from recognizer.app.archive.recognise import IndexedFile
from recognizer.bench.archive import EVERY_FRAME, compare, presence
from recognizer.bench.subject import Bench
from recognizer.cli.bench_archive import _intervals
from recognizer.errors import UsageError
from tests.bench.conftest import FRAMES, RATE
from tests.history.history_records import record


def seen(*tracks: tuple[str | None, float, float]) -> IndexedFile:
    records = [replace(record(person=who, seconds=end - at), at_s=at) for who, at, end in tracks]
    return IndexedFile(file=ArchiveFile(Path("/a.mp4"), "a.mp4"), records=tuple(records))


@pytest.mark.parametrize(
    ("joined_s", "expected"),
    [
        (0.0, {("Ada", 0), ("Ada", 1), ("Ada", 8), ("Bob", 20)}),
        (3.0, {("Ada", 0), ("Ada", 1), ("Ada", 8), ("Bob", 20)}),
        (4.0, {*(("Ada", number) for number in range(9)), ("Bob", 20)}),
    ],
)
def test_presence_in_half_seconds(joined_s: float, expected: set[tuple[str, int]]) -> None:
    found = seen(("Ada", 4.2, 4.4), ("Ada", 0.1, 0.6), ("Bob", 10.0, 10.1), (None, 0.0, 30.0))
    assert presence(found, joined_s=joined_s) == expected


@pytest.mark.long
def test_ways_are_measured_against_every_frame(bench: Bench) -> None:
    found = compare(bench.settings, bench.resolved, [0.2, 100.0], rounds=1)
    whole, often, once = found.ways
    assert [way.name for way in found.ways] == [EVERY_FRAME, "--every 0.2", "--every 100"]
    assert found.seconds == pytest.approx(FRAMES / RATE, abs=0.1)
    assert whole.frames == FRAMES >= often.frames >= once.frames > 0
    assert once.frames < FRAMES
    assert (whole.share, whole.covered, whole.beyond) == (None, 1.0, 0.0)
    assert found.half_seconds > 0
    assert once.covered <= often.covered <= 1.0


@pytest.mark.parametrize("text", ["", "a", "1,,2", "0", "-1", "nan", "inf"])
def test_intervals_that_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--every"):
        _intervals(text)
