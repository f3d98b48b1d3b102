"""Measure lists, the search of a face, and size, on a large history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from recognizer.bench import history_data
from recognizer.bench.history_data import KNOWN, MODEL, SOURCES
from recognizer.bench.search import resident_mb
from recognizer.bench.timing import Meter, milliseconds
from recognizer.history import face_blocks
from recognizer.history.database import Database
from recognizer.history.face_index import FaceIndex
from recognizer.history.face_search import search_face, vector_of_track
from recognizer.history.keyed import open_with_key
from recognizer.history.records import FILE_NAME, Selection
from recognizer.history.schema import tracks
from recognizer.history.tracks import page_of_tracks
from recognizer.types import F32

_PAGE = 50
_NEW = 5
"""Searches by a process that just started: each reads the index."""


def measure(folder: Path, count: int, *, rounds: int, key: bytes | None = None) -> dict[str, Any]:
    """Draw a history, or take the one that is there, and measure it.

    Args:
        folder: where the history is made.
        count: tracks.
        rounds: how often each list and each search is timed, each time of another person, source or time.
        key: encrypts vectors.

    Returns:
        Values for JSON, times in ms or s as their names say.
    """
    is_new = not (folder / FILE_NAME).exists()
    history = open_with_key(folder, key, create=True)
    try:
        if is_new:
            history_data.fill(history, count)
        with Meter() as blocks:
            written = face_blocks.fill(history, MODEL)
        with history.reading() as connection:
            pages, page_size = (
                connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size")
            )
            count = connection.execute(sa.select(sa.func.count()).select_from(tracks)).scalar_one()  # of an earlier run
        return {
            "tracks": count,
            "encrypted": key is not None,
            "bytes_a_track": round(pages * page_size / max(count, 1)),
            "blocks": written,
            "blocks_s": round(blocks.spent.wall_s, 2),
            "blocks_cpu_s": round(blocks.spent.cpu_s, 2),
            "lists_ms": _lists(history, rounds),
            **_search(history, rounds),
        }
    finally:
        history.close()


def _lists(history: Database, rounds: int) -> dict[str, dict[str, float]]:
    begin, end = _times(history)
    drawn, hour = np.random.default_rng(3), dt.timedelta(hours=1)

    def person() -> str:
        return f"Person {drawn.integers(history_data.PEOPLE):03d}"

    def source() -> str:
        return f"camera {drawn.integers(SOURCES)}"

    def within(length: dt.timedelta, **wanted: str) -> Selection:
        moment = begin + drawn.random() * (end - begin - length)
        return replace(_selected(**wanted), since=moment, until=moment + length)

    selections: dict[str, Callable[[], Selection]] = {
        "newest": Selection,
        "person": lambda: Selection(person=person()),
        "source": lambda: Selection(source=source()),
        "an hour": lambda: within(hour),
        "a day": lambda: within(24 * hour),
        "person, a day": lambda: within(24 * hour, person=person()),
        "person, source, a day": lambda: within(24 * hour, person=person(), source=source()),
        "source, an hour": lambda: within(hour, source=source()),
        "unknown, source": lambda: Selection(status="unknown", source=source()),
        "nobody": lambda: Selection(person="Nobody"),
        "before": lambda: Selection(until=within(hour).until),
    }
    found = {name: _timed(partial(_page, history, each), rounds) for name, each in selections.items()}
    _, after = page_of_tracks(history, within(hour), limit=_PAGE)
    found["a later page"] = _timed(lambda: page_of_tracks(history, Selection(), limit=_PAGE, after=after), rounds)
    return found


def _selected(person: str | None = None, source: str | None = None) -> Selection:
    return Selection(person=person, source=source)


def _page(history: Database, draw: Callable[[], Selection]) -> None:
    page_of_tracks(history, draw(), limit=_PAGE)


def _times(history: Database) -> tuple[dt.datetime, dt.datetime]:
    newest, _ = page_of_tracks(history, Selection(), limit=1)
    end = newest[0].ended
    return end - dt.timedelta(days=history_data.DAYS), end


def _search(history: Database, rounds: int) -> dict[str, Any]:
    known, faces = history_data.known_people(), history_data.Faces(1)
    people = faces.rng.integers(0, len(known), 2 * rounds + _NEW)
    probes = zip(faces.photos(known[people]), people.tolist(), strict=True)
    before = resident_mb()
    index = FaceIndex(model=MODEL)
    with Meter() as first:
        index.update(history)
    after = resident_mb()
    right: list[bool] = []

    def picture(selection: Selection, index: FaceIndex) -> None:
        probe, person = next(probes)
        hits = _hits(history, probe, selection, index)
        if selection == Selection():
            right.append(bool(hits) and hits[0] == f"Person {person:03d}")

    def track(number: int) -> None:
        vector, _, _ = vector_of_track(history, number)
        _hits(history, vector, Selection(), index)

    begin, end = _times(history)
    recent = Selection(since=begin + (end - begin) / 2, source="camera 3")
    tracks = iter(faces.rng.integers(1, len(index), rounds).tolist())
    return {
        "index_s": round(first.spent.wall_s, 2),
        "index_cpu_s": round(first.spent.cpu_s, 2),
        "index_mb": None if before is None or after is None else round(after - before),
        "search_ms": _timed(lambda: picture(Selection(), index), rounds),
        "search_of_a_source_since_ms": _timed(lambda: picture(recent, index), rounds),
        "search_by_a_track_ms": _timed(lambda: track(next(tracks)), rounds),
        "search_of_a_new_process_ms": _timed(lambda: picture(Selection(), FaceIndex(model=MODEL)), _NEW),
        "right": round(sum(right) / len(right), 4),
    }


def _hits(history: Database, vector: F32, selection: Selection, index: FaceIndex) -> list[str | None]:
    hits = search_face(history, vector, model=MODEL, from_similarity=KNOWN, selection=selection, limit=20, index=index)
    return [hit.track.person for hit in hits]


def _timed(work: Callable[[], object], rounds: int) -> dict[str, float]:
    spent = []
    for _ in range(rounds):
        with Meter() as meter:
            work()
        spent.append(meter.spent)
    return milliseconds(spent)
