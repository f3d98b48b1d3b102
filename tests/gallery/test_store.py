"""The record on disk: nothing left behind, nothing half done."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
from pathlib import Path

import pytest

from recognizer.errors import GalleryError
from recognizer.gallery.folder import Content, Stamp
from recognizer.gallery.records import Measurement, ReviewedPhoto
from recognizer.gallery.store import Gallery, load_enrolled
from tests.fakes import painted_vector
from tests.gallery.records import MODEL, NOTE, QUALITY, commit, face, record


def test_what_is_settled_is_read_back(tmp_path: Path) -> None:
    commit(tmp_path, {"Ada": [1, 2], "王小明": [1]})
    enrolled = load_enrolled(tmp_path)
    assert enrolled.names == ("Ada", "Ada", "王小明")
    assert enrolled.model == MODEL
    with Gallery(tmp_path) as gallery:
        (photo, *_) = gallery.photos()
        assert photo.notes == (NOTE,)
        assert photo.content == Content(b"Ada1", Stamp(1, 2, 3), 4)
        measured = gallery.measurements(MODEL)[b"Ada1"]
        assert measured.face is not None
        assert measured.face.quality.numbers() == QUALITY.numbers()
        assert measured.face.thumbnail == b"thumbnail of 0-1"
        assert (measured.face.vector == painted_vector(0, 1)).all()
        assert [(person.name, person.accepted, person.refused) for person in gallery.people()] == [
            ("Ada", 2, 0),
            ("王小明", 1, 0),
        ]


def test_measurements_stand_for_nobody(tmp_path: Path) -> None:
    with Gallery(tmp_path, write=True) as gallery:
        gallery.store(b"x", MODEL, Measurement((), face(1, 1)))
    with pytest.raises(GalleryError, match="Nobody is enrolled"):
        load_enrolled(tmp_path)


def test_a_failed_settle_changes_nothing(tmp_path: Path) -> None:
    commit(tmp_path, {"Ada": [1]})
    twice = ReviewedPhoto("Bob", "1.png", None, True, ())
    with pytest.raises(sqlite3.IntegrityError), Gallery(tmp_path, write=True) as gallery:
        gallery.commit_enrolment([twice, twice], people={"Bob": "Bob"}, model="other")
    assert load_enrolled(tmp_path).names == ("Ada",)


def test_the_last_change_is_remembered_and_idle_runs_are_none(tmp_path: Path) -> None:
    commit(tmp_path, {"Ada": [1]})
    with Gallery(tmp_path, write=True) as gallery:
        before = gallery.changed_at
        assert before is not None
        gallery.commit_enrolment(gallery.photos(), people={"Ada": "Ada"}, model=MODEL)
        assert gallery.changed_at == before


def test_files_are_for_the_owner_only(tmp_path: Path) -> None:
    commit(tmp_path, {"Ada": [1]})
    assert record(tmp_path).parent.stat().st_mode & 0o777 == 0o700
    for path in record(tmp_path).parent.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_of_the_forgotten_stays_in_the_file(tmp_path: Path) -> None:
    commit(tmp_path, {"Ada": [1], "Bob": [1, 2]})
    traces = [painted_vector(1, 2).astype("<f4").tobytes()[:64], b"thumbnail of 1-2", b"Bob"]
    assert all(trace in record(tmp_path).read_bytes() for trace in traces)
    with Gallery(tmp_path, write=True) as gallery:
        gallery.forget("Bob")
    everything = b"".join(path.read_bytes() for path in record(tmp_path).parent.iterdir())
    assert not any(trace in everything for trace in traces)
    assert load_enrolled(tmp_path).names == ("Ada",)


def test_a_reader_changes_nothing(tmp_path: Path) -> None:
    commit(tmp_path, {"Ada": [1]})
    with Gallery(tmp_path) as gallery, pytest.raises(GalleryError, match="readonly"):
        gallery.store(b"x", MODEL, Measurement())


def test_reading_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match=r"Nobody is enrolled .* python main.py enroll --gallery"):
        load_enrolled(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_gallery_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / ".recognizer").write_text("in the way")  # root may write anywhere, so permissions alone prove nothing
    with pytest.raises(GalleryError, match="No permission to write"), Gallery(tmp_path, write=True):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_gallery_without_permission_is_reported(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(GalleryError, match="No permission to write"), Gallery(tmp_path, write=True):
        pass
    tmp_path.chmod(0o700)


def test_a_full_disk_leaves_everything_as_it_was(tmp_path: Path) -> None:
    commit(tmp_path, {"Ada": [1]})
    with Gallery(tmp_path, write=True) as gallery:
        assert gallery._connection is not None
        gallery._connection.execute("PRAGMA max_page_count = 1")  # what SQLite reports as a full disk
        large = dataclasses.replace(face(2, 1), thumbnail=bytes(200_000))
        with pytest.raises(GalleryError, match="disk is full"):
            gallery.store(b"new", MODEL, Measurement((), large))
    assert load_enrolled(tmp_path).names == ("Ada",)
