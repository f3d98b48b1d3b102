"""Enrolling a gallery that is enrolled already: what changed is processed, the rest is kept."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from recognizer.errors import FingerprintError, GalleryError
from recognizer.gallery.store import Gallery, load_enrolled
from tests.fakes import face_picture, save_picture
from tests.gallery.painted import enroller


def test_only_new_and_changed_photos_are_processed(folder: Path) -> None:
    one = enroller()
    assert all(photo.processed for photo in one.enrol(folder).photos)
    shown = one.detector.shown  # type: ignore[attr-defined]
    assert not any(photo.processed for photo in one.enrol(folder).photos)
    assert one.detector.shown == shown  # type: ignore[attr-defined]
    save_picture(folder / "Bob" / "1.png", face_picture((2, 7)))
    save_picture(folder / "Cleo" / "x.png", face_picture((3, 1)))
    report = one.enrol(folder)
    assert [f"{p.person}/{p.file}" for p in report.photos if p.processed] == ["Bob/1.png", "Cleo/x.png"]


def forget_how_it_was_measured(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM facts WHERE key = 'measuring'")


def test_photos_that_an_earlier_version_measured_are_measured_anew(folder: Path) -> None:
    """Its sharpness was another measure: good photos would be refused by the limits of today."""
    one = enroller()
    one.enrol(folder)
    with Gallery(folder, write=True, purpose="test") as gallery:
        gallery._change_once(forget_how_it_was_measured)
    assert set(load_enrolled(folder).names) == {"Ada", "Bob"}
    assert all(photo.processed for photo in one.enrol(folder).photos)
    assert not any(photo.processed for photo in one.enrol(folder).photos)


def test_a_photo_changed_behind_an_equal_size_and_time_is_noticed(folder: Path) -> None:
    path = folder / "Bob" / "1.png"
    one = enroller()
    one.enrol(folder)
    before = path.stat()
    data = path.read_bytes()
    save_picture(path, face_picture((2, 7)))
    padding = len(data) - path.stat().st_size
    path.write_bytes(path.read_bytes() + b"\0" * max(0, padding))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert next(p for p in one.enrol(folder).photos if p.person == "Bob").processed


def test_what_is_deleted_from_the_folder_is_forgotten(folder: Path) -> None:
    one = enroller()
    one.enrol(folder)
    (folder / "Ada" / "2.png").unlink()
    (folder / "Bob" / "1.png").unlink()
    (folder / "Bob").rmdir()
    report = one.enrol(folder)
    assert report.forgotten == ("Bob",)
    assert load_enrolled(folder).names == ("Ada",)
    with Gallery(folder) as gallery:
        assert len(gallery.measured(one.embedder.model)) == 1


def test_forgetting_can_be_declined(folder: Path) -> None:
    one = enroller()
    one.enrol(folder)
    (folder / "Bob" / "1.png").unlink()
    (folder / "Bob").rmdir()
    with pytest.raises(GalleryError, match="Nothing was changed"):
        one.enrol(folder, may_forget=lambda names: names != ("Bob",))
    assert set(load_enrolled(folder).names) == {"Ada", "Bob"}


def test_a_folder_renamed_by_hand_costs_no_new_measurement(folder: Path) -> None:
    one = enroller()
    one.enrol(folder)
    (folder / "Bob").rename(folder / "Robert")
    report = one.enrol(folder)
    assert report.people == ("Ada", "Robert")
    assert not any(photo.processed for photo in report.photos)


def test_another_model_is_refused_and_reembedded_when_asked(folder: Path) -> None:
    enroller().enrol(folder)
    other = enroller(model="other-ba9876543210")
    with pytest.raises(FingerprintError, match=r"painted-0123456789ab.*gallery reembed .*--model other"):
        other.enrol(folder)
    assert load_enrolled(folder).model == "painted-0123456789ab"
    assert all(photo.processed for photo in other.enrol(folder, reembed=True).photos)
    assert load_enrolled(folder).model == "other-ba9876543210"
    with Gallery(folder) as gallery:
        assert gallery.measured("painted-0123456789ab") == set()


def test_an_interrupted_run_changes_nobody_and_is_not_lost(folder: Path) -> None:
    one = enroller()
    one.enrol(folder)
    for number in range(3):
        save_picture(folder / "Cleo" / f"{number}.png", face_picture((3, number)))

    def stop(done: int, total: int, name: str) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        one.enrol(folder, on_photo=stop)
    assert set(load_enrolled(folder).names) == {"Ada", "Bob"}
    report = one.enrol(folder)
    assert sum(photo.processed for photo in report.photos) == 1
    assert report.people == ("Ada", "Bob", "Cleo")
