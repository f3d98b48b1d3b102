"""Mean faces in pieces of the database: searched as the samples say, and without those who were deleted."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from recognizer.errors import HistoryError
from recognizer.history import face_blocks
from recognizer.history.database import Database, open_history
from recognizer.history.face_index import FaceIndex
from recognizer.history.keyed import open_with_key, rekey
from recognizer.history.records import Selection, TrackRecord
from recognizer.history.retention import forget_person
from recognizer.history.rows import insert_run, save_tracks
from recognizer.history.schema import face_blocks as table
from recognizer.history.schema import runs
from recognizer.history.spans import LEARN_FROM, tidy
from recognizer.types import F32
from tests.history.conftest import PostgresServer
from tests.history.history_records import NOON, faces, near, record, unit

MODEL = "model-1"
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_blocks, "TRACKS", 4)


def save(history: Database, *records: TrackRecord) -> None:
    with history.writing() as connection:
        run = connection.execute(sa.select(runs.c.id).where(runs.c.model == MODEL)).scalar()
        save_tracks(connection, run or insert_run(connection, NOON, MODEL, (0.4, 0.1)), records, cipher=history.cipher)


def many(history: Database, count: int = 10) -> None:
    """Save tracks of Ada, each an hour after the one before, and one of Bob at the end."""
    everybody = [record(n, began=NOON + n * HOUR, vectors=(unit(n), unit(n))) for n in range(1, count + 1)]
    save(history, *everybody[:-1], record(count, person="Bob", began=NOON + count * HOUR, vectors=(unit(count),)))


def numbers(history: Database) -> list[int]:
    with history.reading() as connection:
        return list(connection.execute(sa.select(table.c.number).order_by(table.c.number)).scalars())


def nearest(history: Database, vector: F32, index: FaceIndex | None = None) -> int:
    index = index or FaceIndex(model=MODEL)
    return index.candidates(history, vector, Selection(), count=3)[0]


def test_whole_blocks_are_written_and_searched(history: Database) -> None:
    many(history)
    assert (face_blocks.fill(history, MODEL), face_blocks.fill(history, MODEL)) == (2, 0)
    assert numbers(history) == [0, 1]  # track 8 and those after it fill no block yet
    with history.reading() as connection:
        blocks = dict(face_blocks.read(connection, history, MODEL))
    assert [block.ids.tolist() for block in blocks.values()] == [[1, 2, 3], [4, 5, 6, 7]]
    assert blocks[1].cosines(unit(6))[2] == pytest.approx(1, abs=1e-3)
    assert [nearest(history, unit(n)) for n in range(1, 11)] == list(range(1, 11))


def test_a_block_has_the_cosines_of_its_samples(history: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_blocks, "TRACKS", 256)
    vectors = faces(LEARN_FROM)
    save(history, *(record(n, began=NOON + n * HOUR, vectors=(vector,)) for n, vector in enumerate(vectors)))
    tidy(history, MODEL)
    face_blocks.fill(history, MODEL, most=3)
    with history.reading() as connection:
        blocks = list(face_blocks.read(connection, history, MODEL))
        (basis,) = (span.basis for span in history.spans.values())
    found = np.concatenate([block.cosines(basis @ vectors[7]) for _, block in blocks])
    ids = np.concatenate([block.ids for _, block in blocks])
    assert len(blocks) == 3
    assert np.allclose(found, vectors[ids - 1] @ vectors[7], atol=4e-3)


@pytest.mark.long
def test_a_track_outside_the_span_is_in_a_block_of_its_own(history: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_blocks, "TRACKS", 256)
    vectors = faces(LEARN_FROM)
    save(history, *(record(n, began=NOON + n * HOUR, vectors=(vector,)) for n, vector in enumerate(vectors)))
    tidy(history, MODEL)
    save(history, record(8, began=NOON, vectors=(unit(7),)))
    assert nearest(history, unit(7)) == 9
    assert nearest(history, vectors[9]) == 10
    with history.reading() as connection:
        stored = connection.execute(sa.select(table.c.number, table.c.span)).all()
    assert sorted(map(tuple, stored)) == [(0, 0), (0, 1), (1, 1), (2, 1), (3, 1)]


def test_who_is_forgotten_stands_in_no_block(history: Database) -> None:
    many(history, 13)
    face_blocks.fill(history, MODEL)
    assert numbers(history) == [0, 1, 2]
    forget_person(history, "Bob")
    assert numbers(history) == [0, 1, 2]  # track 13 was in none
    forget_person(history, "Ada")
    assert numbers(history) == []


def test_a_deletion_takes_the_block_along_until_it_is_written_anew(history: Database) -> None:
    many(history)
    save(history, record(2, person="Eve", began=NOON, vectors=(unit(2),)))
    index = FaceIndex(model=MODEL)
    assert nearest(history, unit(2), index) == 2
    assert numbers(history) == [0, 1]
    forget_person(history, "Eve")
    assert numbers(history) == [1]
    assert nearest(history, unit(2), index) != 2
    assert nearest(history, unit(3)) == 3  # of a new index, which writes the block anew
    assert numbers(history) == [0, 1]


def test_a_track_that_is_saved_again_is_searched_as_it_is_now(history: Database) -> None:
    many(history)
    face_blocks.fill(history, MODEL)
    save(history, record(3, began=NOON, vectors=(near(unit(50), 0.9, 51),)))
    assert nearest(history, unit(50)) == 3


def test_tracks_that_last_are_in_no_block(history: Database) -> None:
    many(history)
    save(history, record(5, began=NOON, seconds=10 * 3600, vectors=(unit(5),)))
    face_blocks.fill(history, MODEL)
    assert numbers(history) == [0]


def test_an_encrypted_block_is_read_with_its_key_and_written_anew_with_another(tmp_path: Path) -> None:
    history = open_with_key(tmp_path / "history", bytes(32), create=True)
    many(history)
    face_blocks.fill(history, MODEL)
    with history.reading() as connection:
        stored = connection.execute(sa.select(table.c.data)).scalars().all()
    assert not any(b"door" in data or b"sources" in data for data in stored)
    assert nearest(history, unit(2)) == 2
    rekey(history, bytes(range(32)))
    assert numbers(history) == []
    assert nearest(history, unit(2)) == 2
    history.close()


def test_who_may_only_read_searches_all_the_same(history: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise HistoryError("read only")

    many(history)
    monkeypatch.setattr(face_blocks, "fill", refuse)
    assert nearest(history, unit(9)) == 9


def test_a_damaged_block_is_left_out_and_its_samples_are_searched(
    history: Database, logged_warnings: list[str]
) -> None:
    many(history)
    face_blocks.fill(history, MODEL)
    with history.writing() as connection:
        connection.execute(sa.update(table).values(data=b"\x05\x00\x00\x00{}"))
    assert nearest(history, unit(1)) == 1
    assert "is damaged and not used" in logged_warnings[0]


def test_machines_that_write_the_same_blocks_and_one_that_forgets(postgres: PostgresServer) -> None:
    address = postgres.new_database()
    opened = [open_history(address, create=True) for _ in range(3)]
    many(opened[0], 80)
    with ThreadPoolExecutor(3) as pool:
        work = [pool.submit(face_blocks.fill, each, MODEL) for each in opened[:2]]
        work.append(pool.submit(forget_person, opened[2], "Ada"))
        for each in work:
            each.result(60)
    with opened[0].reading() as connection:
        kept = [track for _, rows in face_blocks.read(connection, opened[0], MODEL) for track in rows.ids.tolist()]
    assert kept in ([], [80])
    for history in opened:
        history.close()
