"""What counts as a gap in the events of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.soak.events import EventFile, Record, problems


def face(kind: str, track: int = 1, source: str = "door") -> Record:
    return {"kind": kind, "track_id": track, "source": source}


def camera(kind: str) -> Record:
    return {"kind": kind, "source": "door", "at_s": 1.0}


WHOLE = [
    face("appeared"),
    face("appeared", source="hall"),
    face("recognised"),
    face("lost"),
    face("lost", source="hall"),
]


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ([], []),
        (WHOLE, []),
        ([camera("source_lost"), camera("source_back"), camera("source_lost")], []),
        (WHOLE[:3], ["door, track 1: no end", "hall, track 1: no end"]),
        ([face("recognised"), face("lost")], ["door, track 1: recognised after nothing"]),
        ([face("lost")], ["door, track 1: lost after nothing"]),
        ([*WHOLE, face("appeared"), face("lost")], ["door, track 1: appeared after lost"]),
        ([face("appeared"), face("changed"), face("lost")], ["door, track 1: changed after appeared"]),
        ([camera("source_back")], ["door: source_back at 1.0 s for a second time"]),
        ([camera("source_lost")] * 2, ["door: source_lost at 1.0 s for a second time"]),
        (
            [{**camera("source_lost"), "sequence": 4}, {**camera("source_back"), "sequence": 6}],
            ["sequence 6 follows 4"],
        ),
    ],
)
def test_problems(records: list[Record], found: list[str]) -> None:
    assert problems(records) == found


def test_a_run_that_was_killed_needs_no_ends() -> None:
    assert problems(WHOLE[:3], ended=False) == []


def test_lines_are_read_once_and_only_whole(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    events = EventFile(path)
    assert len(events) == 0
    line = json.dumps(face("appeared"))
    path.write_text(f"{line}\n{line[:10]}")
    assert len(events) == 1
    path.write_text(f"{line}\n{line}\n")
    assert len(events) == 2
    assert events.since(1, "door") == [face("appeared")]
    assert events.since(0, "hall") == []
