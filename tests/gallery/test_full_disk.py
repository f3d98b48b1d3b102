"""People can be removed where no file can grow: what a full disk does to a journal, by the limit on a file's size."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from recognizer.errors import GalleryError
from recognizer.gallery import schema
from recognizer.gallery.consent import Consent, write_consent
from recognizer.gallery.records import Measurement, ReviewedPhoto
from recognizer.gallery.store import Gallery, load_enrolled
from recognizer.gallery.upkeep import remove, rename
from tests.gallery.painted import enroller
from tests.gallery.records import face, record


@pytest.fixture
def large(folder: Path) -> Path:
    """The gallery, with so much of Bob that the journal of his removal is larger than the record."""
    one = enroller()
    one.enrol(folder)
    with Gallery(folder, write=True) as gallery:
        photos = list(gallery.photos())
        kept = next(photo.content for photo in photos if photo.person == "Bob")
        assert kept is not None
        for number in range(16):
            digest = bytes([number]) * 32
            thumbnail = replace(face(2, number), thumbnail=bytes(1_000_000))
            gallery.store(digest, one.embedder.model, Measurement((), thumbnail))
            photos.append(ReviewedPhoto("Bob", f"x{number}.png", replace(kept, sha256=digest), True, ()))
        gallery.commit_enrolment(photos, people={"Ada": "Ada", "Bob": "Bob"}, model=one.embedder.model)
    return folder


@contextmanager
def no_file_grows_beyond(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_person_is_removed(large: Path) -> None:
    with no_file_grows_beyond(record(large).stat().st_size):
        assert remove(large, "Bob") is None
    assert set(load_enrolled(large).names) == {"Ada"}
    assert b"Bob" not in record(large).read_bytes()
    assert not (large / "Bob").exists()


def test_a_person_whose_folder_was_deleted_is_forgotten(large: Path) -> None:
    shutil.rmtree(large / "Bob")
    with no_file_grows_beyond(record(large).stat().st_size):
        assert enroller().enrol(large).people == ("Ada",)
    assert set(load_enrolled(large).names) == {"Ada"}


def test_adding_says_that_the_disk_is_full_and_changes_nothing(large: Path) -> None:
    before = record(large).read_bytes()
    with no_file_grows_beyond(record(large).stat().st_size), Gallery(large, write=True) as gallery:
        large_face = replace(face(3, 1), thumbnail=bytes(1_000_000))
        with pytest.raises(GalleryError, match="disk is full"):
            gallery.store(b"new", "painted", Measurement((), large_face))
    assert record(large).read_bytes() == before
    assert set(load_enrolled(large).names) == {"Ada", "Bob"}


def test_a_renaming_is_whole_or_not_at_all(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Gallery, "rename", _full)
    with pytest.raises(schema.DiskFullError):
        rename(large, "Bob", "Robert")
    assert (large / "Bob" / "1.png").exists()
    assert not (large / "Robert").exists()


def test_a_consent_that_cannot_be_written_leaves_no_folder(folder: Path) -> None:
    with no_file_grows_beyond(0), pytest.raises(GalleryError, match="consent cannot be written"):
        write_consent(folder / "Eve", Consent(given="2027-03-01"))
    assert not (folder / "Eve").exists()


def _full(*_: object, **__: object) -> None:
    raise schema.DiskFullError("The disk is full.")


def test_a_removal_needs_no_journal_on_the_disk(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the second attempt the limit is met: the test above tries what it says."""
    monkeypatch.setattr(Gallery, "_change", lambda self, change, **_: self._change_once(change))
    limit = record(large).stat().st_size
    with no_file_grows_beyond(limit), pytest.raises(schema.DiskFullError):
        remove(large, "Bob")
    assert set(load_enrolled(large).names) == {"Ada", "Bob"}
