from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa

from recognizer.history.database import Database
from recognizer.history.records import Selection
from recognizer.history.rows import insert_run, save_tracks
from recognizer.history.schema import samples
from recognizer.history.size_limit import _used_bytes, shrink
from recognizer.history.tracks import list_tracks
from tests.history.history_records import NOON, record, unit

MB = 2**20
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def history(history: Database) -> Database:
    """Each hour one unknown and one known track, with crops of 8 KB."""
    noise = np.random.default_rng(0)
    records = []
    for number in range(300):
        made = record(number, person="Ada" if number % 2 else None, began=NOON + number * HOUR, vectors=(unit(number),))
        crop = noise.integers(0, 255, (100, 80, 3)).astype(np.uint8)
        records.append(replace(made, samples=(replace(made.samples[0], crop=crop),)))
    with history.writing() as connection:
        save_tracks(connection, insert_run(connection, NOON, "model-1", (0.4, 0.1)), records)
    return history


def counts(history: Database) -> tuple[int, int, int]:
    """Unknown tracks, known tracks, crops."""
    with history.reading() as connection:
        crops = connection.execute(sa.select(sa.func.count(samples.c.crop))).scalar_one()
    seen = list_tracks(history, Selection())
    known = sum(track.person == "Ada" for track in seen)
    return len(seen) - known, known, int(crops)


def test_a_history_below_its_limit_keeps_everything(history: Database) -> None:
    assert shrink(history, 100) == 0
    assert counts(history) == (150, 150, 300)


def test_the_oldest_unknown_tracks_go_first(history: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recognizer.history.size_limit._BATCH", 10)
    limit = 0.8 * _used_bytes(history) / MB
    assert shrink(history, limit) > 0
    unknown, known, crops = counts(history)
    assert (known, crops) == (150, unknown + 150)
    assert 0 < unknown < 150
    oldest = min(seen.began for seen in list_tracks(history, Selection(status="unknown")))
    assert oldest == NOON + (300 - 2 * unknown) * HOUR
    assert _used_bytes(history) < limit * MB


def test_then_crops_and_last_the_oldest_known_tracks(history: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recognizer.history.size_limit._BATCH", 10)
    used = _used_bytes(history)
    shrink(history, 0.45 * used / MB)
    unknown, known, crops = counts(history)
    assert (unknown, known) == (0, 150)
    assert 0 < crops < 150
    with history.reading() as connection:  # the newest crops are those that are left
        rows = connection.execute(sa.select(samples.c.crop.is_(None)).order_by(samples.c.at_us)).scalars().all()
    assert list(map(bool, rows)) == [True] * (150 - crops) + [False] * crops
    least = used / MB / 40 if history.file is None else 0.1
    shrink(history, least)
    unknown, known, crops = counts(history)
    assert crops == 0
    assert known < 150


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_the_file_itself_becomes_smaller(history: Database) -> None:
    assert history.file is not None
    shrink(history, 1)
    assert history.file.stat().st_size < MB
