from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from recognizer.errors import HistoryError
from recognizer.history.database import Database
from recognizer.history.face_search import search_face, vector_of_track
from recognizer.history.records import Selection, TrackRecord
from recognizer.history.rows import from_us, insert_run, save_tracks, to_us
from recognizer.history.tracks import get_track, list_sources, list_tracks
from recognizer.history.vectors import from_bytes, to_bytes
from tests.history.history_records import NOON, record, unit

HOUR = dt.timedelta(hours=1)


def save(history: Database, *records: TrackRecord, model: str = "model-1") -> None:
    with history.writing() as connection:
        save_tracks(connection, insert_run(connection, NOON, model, (0.4, 0.1)), records)


def test_tracks_are_listed_by_person_source_and_time(history: Database) -> None:
    save(
        history,
        record(1, person="Ada", began=NOON),
        record(2, person="Bob", began=NOON + HOUR),
        record(3, person=None, source="yard", began=NOON + 2 * HOUR),
    )

    def found(**wanted: object) -> list[str | None]:
        return [seen.person for seen in list_tracks(history, Selection(**wanted))]  # type: ignore[arg-type]

    assert found() == [None, "Bob", "Ada"]
    assert found(person="Ada") == ["Ada"]
    assert found(source="yard") == [None]
    assert found(status="unknown") == [None]
    assert found(since=NOON + HOUR) == [None, "Bob"]
    assert found(until=NOON + HOUR) == ["Ada"]
    assert found(since=NOON + dt.timedelta(seconds=5), until=NOON + dt.timedelta(seconds=6)) == ["Ada"]
    assert len(list_tracks(history, Selection(), limit=2)) == 2


def test_a_track_is_shown_whole(history: Database) -> None:
    save(history, record(7, vectors=(unit(1), unit(2))))
    seen, details = get_track(history, 1)
    assert (seen.person, seen.began, seen.reasons) == ("Ada", NOON, ("similarity 0.61 to Ada",))
    assert (details["track_id"], details["model"], len(details["samples"])) == (7, "model-1", 2)
    with pytest.raises(HistoryError, match="no track 99"):
        get_track(history, 99)


def test_sources_are_counted(history: Database) -> None:
    save(history, record(1), record(2, began=NOON + HOUR), record(1, source="yard"))
    assert [(row["source"], row["tracks"]) for row in list_sources(history)] == [("door", 2), ("yard", 1)]


def test_a_face_is_found_among_the_samples(history: Database) -> None:
    near = np.asarray(unit(1) + 0.3 * unit(2), np.float32)
    near /= np.linalg.norm(near)
    save(history, record(1, vectors=(unit(5), unit(1))), record(2, vectors=(near,)), record(3, vectors=(unit(4),)))
    hits = search_face(history, unit(1), model="model-1", from_similarity=0.5, selection=Selection(), limit=10)
    assert [hit.track.id for hit in hits] == [1, 2]
    assert hits[0].similarity == pytest.approx(1, abs=1e-3)
    nobody = search_face(
        history, unit(1), model="model-1", from_similarity=0.5, selection=Selection(person="Bob"), limit=10
    )
    assert nobody == []


def test_tracks_of_another_model_are_not_compared(history: Database) -> None:
    save(history, record(1, vectors=(unit(1),)), model="model-2")
    with pytest.raises(HistoryError, match="model-1"):
        search_face(history, unit(1), model="model-1", from_similarity=0.5, selection=Selection(), limit=10)
    vector, model, known = vector_of_track(history, 1)
    assert (model, known) == ("model-2", 0.4)
    assert float(vector @ unit(1)) == pytest.approx(1, abs=1e-3)
    with pytest.raises(HistoryError, match="no face of a track 9"):
        vector_of_track(history, 9)


def test_times_and_vectors_survive_the_table() -> None:
    moment = dt.datetime(2038, 1, 19, 3, 14, 7, 999_999, tzinfo=dt.UTC)
    assert from_us(to_us(moment)) == moment
    assert float(from_bytes(to_bytes(unit(3))) @ unit(3)) == pytest.approx(1, abs=1e-5)
