"""The events of a run, read from its file, and whether they are complete."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

Record = dict[str, Any]
FACES = ("appeared", "recognised", "changed", "lost")


class EventFile:
    """Reads the lines of a growing file, each once.

    Args:
        path: it may not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: list[Record] = []
        self._at = 0

    def __len__(self) -> int:
        return len(self.refresh())

    def refresh(self) -> list[Record]:
        """Read the new whole lines; return all records so far.

        Raises:
            ValueError: a line is no JSON object.
        """
        if self.path.exists():
            with self.path.open("rb") as file:
                file.seek(self._at)
                new, end, _ = file.read().rpartition(b"\n")
            self._at += len(new) + len(end)
            self.records += [json.loads(line) for line in new.split(b"\n") if line]
        return self.records

    def since(self, count: int, source: str | None = None) -> list[Record]:
        """The records after the first ``count``, of one source or all."""
        return [record for record in self.refresh()[count:] if source in (None, record["source"])]


def problems(records: Sequence[Record], *, ended: bool = True) -> list[str]:
    """What is missing or out of order in the events of one run.

    Args:
        records: all of them, in their order.
        ended: the run ended by itself or on a signal, so every face must have its end.
    """
    return [*_tracks(records, ended), *_losses(records), *_sequence(records)]


def _tracks(records: Sequence[Record], ended: bool) -> Iterator[str]:
    """Each face appears once, is named only then, and is lost once, after that."""
    states: dict[tuple[str, int], str] = {}
    for record in records:
        if record["kind"] not in FACES:
            continue
        face, kind = (record["source"], record["track_id"]), record["kind"]
        before = states.get(face)
        fits = {
            "appeared": before is None,
            "recognised": before in {"appeared", "recognised", "changed"},
            "changed": before in {"recognised", "changed"},
            "lost": before not in {None, "lost"},
        }
        if not fits[kind]:
            yield f"{face[0]}, track {face[1]}: {kind} after {before or 'nothing'}"
        states[face] = kind
    if ended:
        yield from (f"{source}, track {track}: no end" for (source, track), kind in states.items() if kind != "lost")


def _losses(records: Sequence[Record]) -> Iterator[str]:
    """A source is lost and comes back in turns."""
    lost: dict[str, bool] = {}
    for record in records:
        if record["kind"] in {"source_lost", "source_back"}:
            if lost.get(record["source"], False) == (record["kind"] == "source_lost"):
                yield f"{record['source']}: {record['kind']} at {record['at_s']} s for a second time"
            lost[record["source"]] = record["kind"] == "source_lost"


def _sequence(records: Sequence[Record]) -> Iterator[str]:
    """Numbers of events, where they have some, lack none."""
    numbers = [record["sequence"] for record in records if "sequence" in record]
    for earlier, later in itertools.pairwise(numbers):
        if later != earlier + 1:
            yield f"sequence {later} follows {earlier}"
