from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from recognizer.errors import HistoryError
from recognizer.history import actions, clusters
from recognizer.history.database import Database
from recognizer.history.records import Selection, TrackRecord
from recognizer.history.retention import Retention, forget_person, purge
from recognizer.history.rows import insert_run, save_tracks
from recognizer.history.schema import samples
from recognizer.history.tracks import list_tracks
from recognizer.history.vectors import to_bytes
from tests.history.history_records import NOON, near, record, unit

DAY = dt.timedelta(days=1)


def save(history: Database, *records: TrackRecord) -> None:
    with history.writing() as connection:
        save_tracks(connection, insert_run(connection, NOON, "model-1", (0.4, 0.1)), records)


def test_old_tracks_are_deleted_by_their_kind(history: Database) -> None:
    for number, days in enumerate((1, 40, 100)):
        save(
            history,
            record(2 * number, person="Ada", began=NOON - days * DAY, vectors=(unit(1),)),
            record(2 * number + 1, person=None, began=NOON - days * DAY, vectors=(unit(2),)),
        )
    assert purge(history, Retention(), now=NOON) == 3
    assert [(seen.person, (NOON - seen.began).days) for seen in list_tracks(history, Selection())] == [
        (None, 1),
        ("Ada", 1),
        ("Ada", 40),
    ]
    with history.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(samples)).scalar() == 3
    assert purge(history, Retention(known_days=None, unknown_days=None, crops_days=None), now=NOON + 999 * DAY) == 0


def test_a_track_that_was_named_later_is_kept_as_long_as_a_known_one(history: Database) -> None:
    save(history, record(1, person=None, began=NOON - 40 * DAY, vectors=(unit(1),)))
    clusters.update_clusters(history, model="model-1", threshold=0.4)
    clusters.name_cluster(history, 1, "Courier")
    assert purge(history, Retention(), now=NOON) == 0
    assert purge(history, Retention(), now=NOON + 60 * DAY) == 1


def test_crops_are_deleted_before_their_tracks(history: Database) -> None:
    with_crop = record(1, began=NOON - 8 * DAY, vectors=(unit(1),))
    (sample,) = with_crop.samples
    picture = np.random.default_rng(0).integers(0, 255, (40, 30, 3)).astype(np.uint8)
    save(history, replace(with_crop, samples=(replace(sample, crop=picture),)))
    purge(history, Retention(crops_days=30), now=NOON)
    with history.reading() as connection:
        assert connection.execute(sa.select(samples.c.crop)).scalar() is not None
    purge(history, Retention(), now=NOON)
    with history.reading() as connection:
        assert connection.execute(sa.select(samples.c.crop)).scalar() is None


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_no_byte_is_left_of_a_person_who_is_forgotten(history: Database, tmp_path: Path) -> None:
    name, face = "Wilhelmina Zaubermann", unit(7)
    save(
        history,
        *(record(number, person=name, began=NOON + number * DAY, vectors=(face,)) for number in range(300)),
        *(record(300 + number, person="Bob", began=NOON + number * DAY, vectors=(unit(8),)) for number in range(300)),
        replace(record(900, person=None, began=NOON + 900 * DAY), nearest=name, reasons=(f"similarity 0.2 to {name}",)),
        record(901, person=None, began=NOON + 901 * DAY, vectors=(near(face, 0.8, 3),)),
    )
    clusters.update_clusters(history, model="model-1", threshold=0.4)
    clusters.name_cluster(history, clusters.list_clusters(history)[0]["cluster"], name)

    def bytes_on_disk() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    assert name.encode() in bytes_on_disk()
    assert to_bytes(face)[100:200] in bytes_on_disk()
    assert forget_person(history, name) == 301
    assert name.encode() not in bytes_on_disk()
    assert to_bytes(face)[100:200] not in bytes_on_disk()
    assert {seen.person for seen in list_tracks(history, Selection())} == {"Bob", None}
    assert actions.list_actions(history, limit=9) == []


def test_a_person_is_forgotten_in_every_kind_of_history(history: Database) -> None:
    save(
        history, record(1, vectors=(unit(1),)), record(2, person="Bob"), replace(record(3, person=None), nearest="Ada")
    )
    assert forget_person(history, "Ada") == 1
    assert [(seen.person, seen.nearest) for seen in list_tracks(history, Selection())] == [(None, None), ("Bob", "Bob")]


def test_people_whose_names_hold_the_name_stay(history: Database) -> None:
    stranger = replace(
        record(3, person=None), nearest=None, reasons=("similarity 0.3 to Anna", "similarity 0.2 to Ann")
    )
    save(history, record(1, person="Ann"), record(2, person="Anna"), stranger)
    assert forget_person(history, "Ann") == 1
    seen = {seen.person: seen.reasons for seen in list_tracks(history, Selection())}
    assert seen == {"Anna": ("similarity 0.61 to Ada",), None: ("similarity 0.3 to Anna",)}


def test_somebody_nobody_knows_cannot_be_forgotten(history: Database) -> None:
    with pytest.raises(HistoryError, match="knows nobody named 'Zoe'"):
        forget_person(history, "Zoe")


@pytest.mark.long
@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_bytes_that_another_process_still_reads_are_said(history: Database) -> None:
    save(history, record(1), record(2, person="Bob"))
    with history.reading() as reader:
        reader.exec_driver_sql("SELECT count(*) FROM tracks")
        with pytest.raises(HistoryError, match=r"Stop the run|cannot be rewritten"):
            forget_person(history, "Ada")
    assert forget_person(history, "Bob") == 1


@pytest.mark.long
@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_to_forget_again_rewrites_what_could_not_be_rewritten(history: Database, tmp_path: Path) -> None:
    name = "Wilhelmina Zaubermann"
    save(history, record(1, person=name), record(2, person="Bob"))
    with history.reading() as reader:
        reader.exec_driver_sql("SELECT count(*) FROM tracks")
        with pytest.raises(HistoryError, match=r"Stop the run|cannot be rewritten"):
            forget_person(history, name)
    assert forget_person(history, name) == 0
    assert name.encode() not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    with pytest.raises(HistoryError, match="knows nobody"):
        forget_person(history, name)
    with pytest.raises(HistoryError, match="knows nobody"):
        forget_person(history, name)
