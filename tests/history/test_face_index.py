from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from recognizer.history import subspace
from recognizer.history.database import Database
from recognizer.history.face_index import FaceIndex
from recognizer.history.face_search import search_face
from recognizer.history.keyed import open_with_key
from recognizer.history.records import Selection, TrackRecord
from recognizer.history.retention import forget_person
from recognizer.history.rows import insert_run, save_tracks
from recognizer.history.schema import runs
from recognizer.history.spans import LEARN_FROM, tidy
from recognizer.types import F32
from tests.history.history_records import NOON, near, record, unit

HOUR = dt.timedelta(hours=1)
KEY = bytes(range(32))


def save(history: Database, *records: TrackRecord, model: str = "model-1") -> None:
    with history.writing() as connection:
        run = connection.execute(sa.select(runs.c.id).where(runs.c.model == model)).scalar()
        save_tracks(connection, run or insert_run(connection, NOON, model, (0.4, 0.1)), records, cipher=history.cipher)


def found(history: Database, index: FaceIndex, vector: F32, limit: int = 10, **wanted: object) -> list[int]:
    selection = Selection(**wanted)  # type: ignore[arg-type]
    hits = search_face(
        history, vector, model="model-1", from_similarity=0.5, selection=selection, limit=limit, index=index
    )
    plain = search_face(history, vector, model="model-1", from_similarity=0.5, selection=selection, limit=limit)
    assert [hit.track.id for hit in hits] == [hit.track.id for hit in plain]
    assert [hit.similarity for hit in hits] == pytest.approx([hit.similarity for hit in plain])
    return [hit.track.id for hit in hits]


def test_it_finds_what_a_search_of_everything_finds(history: Database) -> None:
    vectors = [near(unit(1), 0.6 + 0.03 * number, 40 + number) for number in range(10)]
    save(history, *(record(number, vectors=(vector, unit(90 + number))) for number, vector in enumerate(vectors)))
    index = FaceIndex(model="model-1")
    assert found(history, index, unit(1)) == [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]
    assert found(history, index, unit(1), limit=3) == [10, 9, 8]


def test_new_tracks_and_longer_ones_are_seen(history: Database) -> None:
    index = FaceIndex(model="model-1")
    save(history, record(1, vectors=()), record(2, vectors=(unit(2),)))
    assert found(history, index, unit(1)) == []
    save(history, record(1, seconds=40, vectors=(unit(1),)), record(3, vectors=(near(unit(1), 0.9, 7),)))
    first, second = found(history, index, unit(1))
    assert (first, second > 2, len(index)) == (1, True, 3)


def test_source_and_time_restrict_it(history: Database) -> None:
    index = FaceIndex(model="model-1")
    save(
        history,
        record(1, vectors=(unit(1),)),
        record(2, source="yard", began=NOON + HOUR, vectors=(near(unit(1), 0.9, 7),)),
    )
    assert found(history, index, unit(1), source="yard") == [2]
    assert found(history, index, unit(1), source="nowhere") == []
    assert found(history, index, unit(1), since=NOON + HOUR) == [2]
    assert found(history, index, unit(1), until=NOON + HOUR) == [1]


def test_what_was_deleted_is_no_longer_in_memory(history: Database) -> None:
    index = FaceIndex(model="model-1")
    save(history, record(1, vectors=(unit(1),)), record(2, person="Bob", vectors=(near(unit(1), 0.9, 7),)))
    assert found(history, index, unit(1)) == [1, 2]
    forget_person(history, "Ada")
    assert found(history, index, unit(1)) == [2]
    assert len(index) == 1
    assert max(float(np.abs(part.cosines(unit(1))).max()) for part in index._parts) < 0.95


def test_only_tracks_of_its_model_are_read(history: Database) -> None:
    save(history, record(1, vectors=(unit(1),)), model="model-2")
    save(history, record(1, vectors=(unit(1),)))
    index = FaceIndex(model="model-1")
    assert found(history, index, unit(1)) == [2]
    assert len(index) == 1


def test_an_encrypted_history_is_searched(tmp_path: Path) -> None:
    history = open_with_key(tmp_path / "history", KEY, create=True)
    save(history, record(1, vectors=(unit(1), unit(2))))
    assert found(history, FaceIndex(model="model-1"), unit(1)) == [1]
    history.close()


def test_vectors_of_a_subspace_take_its_dimensions_also_beside_others(history: Database) -> None:
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((512, 24)))[0].T.astype(np.float32)
    inside = [
        np.asarray(v / np.linalg.norm(v), np.float32)
        for v in (unit(number, 24) @ basis for number in range(LEARN_FROM))
    ]
    save(history, *(record(number, vectors=(vector,)) for number, vector in enumerate(inside)))
    tidy(history, "model-1")
    index = FaceIndex(model="model-1")
    assert found(history, index, inside[7])[0] == 8
    assert [part.codes.shape for part in index._parts] == [(LEARN_FROM, 24)]
    save(history, record(10_000, vectors=(unit(5000),)))
    assert found(history, index, unit(5000)) == [LEARN_FROM + 1]
    assert found(history, index, inside[7])[0] == 8
    assert sorted(part.codes.shape for part in index._parts) == [(1, 512), (LEARN_FROM, 24)]


def test_a_small_sample_says_nothing_of_the_dimensions() -> None:
    sample = np.stack([unit(number) for number in range(20)])
    assert subspace.basis_of(sample).shape == (512, 512)
