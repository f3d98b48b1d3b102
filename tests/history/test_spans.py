from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from recognizer.history.database import Database
from recognizer.history.face_index import FaceIndex
from recognizer.history.face_search import search_face
from recognizer.history.keyed import open_with_key
from recognizer.history.past import read_tracks
from recognizer.history.records import Selection
from recognizer.history.rows import insert_run, save_tracks
from recognizer.history.schema import samples, spans
from recognizer.history.spans import LEARN_FROM, open_vectors, span_of, tidy
from recognizer.history.vectors import is_packed, packed, unpacked
from recognizer.types import F32
from tests.history.history_records import NOON, WIDTH, faces, record, unit


def save(history: Database, vectors: F32, *, first: int = 1, model: str = "model-1") -> int:
    """Save tracks of four samples each; returns their run."""
    with history.writing() as connection:
        run = insert_run(connection, NOON, model, (0.4, 0.1))
        tracks = [
            record(first + place, vectors=tuple(vectors[place * 4 : place * 4 + 4]))
            for place in range(len(vectors) // 4)
        ]
        span = span_of(history, connection, model)
        save_tracks(connection, run, tracks, cipher=history.cipher, span=span)
    return run


def stored(history: Database) -> list[bytes]:
    query = sa.select(samples.c.vector).order_by(samples.c.track_id, samples.c.rank)
    with history.reading() as connection:
        return list(connection.execute(query).scalars())


def test_few_samples_stay_as_they_are(history: Database) -> None:
    save(history, faces(LEARN_FROM - 4))
    assert tidy(history, "model-1") == 0
    assert not any(map(is_packed, stored(history)))


@pytest.mark.parametrize("key", [None, bytes(32)], ids=["plain", "encrypted"])
def test_vectors_take_a_byte_for_each_dimension_of_their_span(place: Path | str, key: bytes | None) -> None:
    history = open_with_key(place, key, create=True)
    vectors = faces(LEARN_FROM)
    save(history, vectors)
    assert tidy(history, "model-1") == LEARN_FROM
    assert tidy(history, "model-1") == 0
    later = faces(8, seed=1)
    save(history, later, first=1000)
    found = stored(history)
    assert {len(history.cipher.open(row)) for row in found} == {1 + WIDTH}
    cosines = (open_vectors(history, found) * np.concatenate([vectors, later])).sum(axis=1)
    assert cosines.min() > 0.9998
    history.close()


def test_rounding_changes_cosines_by_as_much_as_is_said(history: Database) -> None:
    vectors = faces(LEARN_FROM)
    save(history, vectors)
    tidy(history, "model-1")
    probes = faces(50, seed=2)
    difference = open_vectors(history, stored(history)) @ probes.T - vectors @ probes.T
    assert float(difference.std()) < 1e-3  # of 48 dimensions; numbers are larger than in 192
    assert float(np.abs(difference).max()) < 6e-3


def test_a_vector_outside_the_span_keeps_all_its_dimensions(history: Database) -> None:
    save(history, faces(LEARN_FROM))
    tidy(history, "model-1")
    with history.reading() as connection:
        span = span_of(history, connection, "model-1")
    assert not is_packed(packed(unit(7), span))
    both = unpacked([packed(unit(7), span), packed(faces(1)[0], span)], history.spans)
    assert np.allclose(both[0], unit(7), atol=1e-3)
    assert float(both[1] @ faces(1)[0]) > 0.9998


def test_another_span_is_found_when_other_faces_come(history: Database) -> None:
    save(history, faces(LEARN_FROM, width=16))  # one person in one light
    tidy(history, "model-1")
    save(history, faces(LEARN_FROM, seed=1), first=1000)
    assert tidy(history, "model-1") + tidy(history, "model-1") == LEARN_FROM  # some at a time
    with history.reading() as connection:
        assert connection.execute(sa.select(spans.c.id, spans.c.width).order_by(spans.c.id)).all() == [(1, 16), (2, 48)]
    assert {len(row) for row in stored(history)} == {17, 49}


@pytest.mark.long
def test_the_span_depends_on_the_network_and_not_of_whose_faces_it_saw(history: Database) -> None:
    bases = []
    for seed, model in enumerate(("model-1", "model-2")):
        save(history, faces(2 * LEARN_FROM, seed=seed), first=10_000 * seed, model=model)
        tidy(history, model)
        bases.append(history.spans[seed + 1].basis)
    assert np.abs(bases[0] - bases[1]).max() < 2e-2


def test_another_process_finds_the_span_of_a_vector(history: Database) -> None:
    vectors = faces(LEARN_FROM)
    save(history, vectors)
    tidy(history, "model-1")
    history.spans.clear()
    index = FaceIndex(model="model-1")
    for each in (None, index):
        found = search_face(
            history,
            vectors[40],
            model="model-1",
            from_similarity=0.9,
            selection=Selection(),
            limit=3,
            index=each,
        )
        assert (found[0].track.id, round(found[0].similarity, 3)) == (11, 1.0)
    assert list(read_tracks(history, Selection(), model="model-1")) == []  # of tracks without moments
