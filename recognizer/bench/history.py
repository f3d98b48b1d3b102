"""Measure a large history: lists, the search of a face, and its size on disk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from recognizer.bench import history_data
from recognizer.bench.history_data import KNOWN, MODEL
from recognizer.bench.search import resident_mb
from recognizer.bench.timing import Meter, milliseconds
from recognizer.history.database import Database
from recognizer.history.face_index import FaceIndex
from recognizer.history.face_search import search_face
from recognizer.history.keyed import open_with_key
from recognizer.history.records import Seen, Selection
from recognizer.history.tracks import page_of_tracks

_PAGE = 50


def measure(folder: Path, count: int, *, rounds: int, key: bytes | None = None) -> dict[str, Any]:
    """Draw a history and measure it; values for JSON, times in ms or s as their names say.

    Args:
        folder: where the history is made.
        count: tracks.
        rounds: how often each list and each search is timed.
        key: encrypts vectors.
    """
    history = open_with_key(folder, key, create=True)
    try:
        known = history_data.fill(history, count)
        with history.reading() as connection:
            pages, page_size = (
                connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size")
            )
        return {
            "tracks": count,
            "encrypted": key is not None,
            "bytes_a_track": round(pages * page_size / count),
            "lists_ms": _lists(history, rounds),
            **_search(history, history_data.Faces(1), known, rounds),
        }
    finally:
        history.close()


def _lists(history: Database, rounds: int) -> dict[str, dict[str, float]]:
    middle, end = _times(history)
    hour = dt.timedelta(hours=1)
    selections = {
        "newest": Selection(),
        "person": Selection(person="Person 007"),
        "source": Selection(source="camera 3"),
        "an hour": Selection(since=middle, until=middle + hour),
        "person, source, a day": Selection(
            person="Person 007", source="camera 7", since=middle, until=middle + 24 * hour
        ),
        "unknown, source": Selection(status="unknown", source="camera 3"),
        "nobody": Selection(person="Nobody"),
        "before": Selection(until=end),
    }
    found = {
        name: _timed(lambda each=each: page_of_tracks(history, each, limit=_PAGE), rounds)  # type: ignore[misc]
        for name, each in selections.items()
    }
    _, after = page_of_tracks(history, Selection(until=middle), limit=_PAGE)
    found["a later page"] = _timed(lambda: page_of_tracks(history, Selection(), limit=_PAGE, after=after), rounds)
    return found


def _times(history: Database) -> tuple[dt.datetime, dt.datetime]:
    newest: list[Seen]
    newest, _ = page_of_tracks(history, Selection(), limit=1)
    end = newest[0].ended
    return end - dt.timedelta(days=history_data.DAYS / 2), end


def _search(history: Database, faces: history_data.Faces, known: Any, rounds: int) -> dict[str, Any]:
    index = FaceIndex(model=MODEL)
    before = resident_mb()
    with Meter() as first:
        index.update(history)
    after = resident_mb()
    people = faces.rng.integers(0, len(known), rounds)
    probes = faces.photos(known[people])
    right = []

    def one(number: int, selection: Selection) -> None:
        hits = search_face(
            history, probes[number], model=MODEL, from_similarity=KNOWN, selection=selection, limit=20, index=index
        )
        right.append(bool(hits) and hits[0].track.person == f"Person {people[number]:03d}")

    numbers = iter(np.arange(rounds).tolist() * 2)
    whole = _timed(lambda: one(next(numbers), Selection()), rounds)
    found = sum(right) / len(right)
    middle, _ = _times(history)
    recent = Selection(since=middle, source="camera 3")
    return {
        "index_s": round(first.spent.wall_s, 2),
        "index_cpu_s": round(first.spent.cpu_s, 2),
        "index_mb": None if before is None or after is None else round(after - before),
        "search_ms": whole,
        "search_of_a_source_since_ms": _timed(lambda: one(next(numbers), recent), rounds),
        "right": round(found, 4),
    }


def _timed(work: Callable[[], object], rounds: int) -> dict[str, float]:
    spent = []
    for _ in range(rounds):
        with Meter() as meter:
            work()
        spent.append(meter.spent)
    return milliseconds(spent)
