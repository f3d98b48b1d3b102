"""Removing and renaming people, and looking a gallery over."""

from __future__ import annotations

from pathlib import Path

import pytest

from recognizer.errors import GalleryBusyError, GalleryError
from recognizer.gallery.audit import Audit, audit
from recognizer.gallery.enrol import Enroller
from recognizer.gallery.limits import Limits
from recognizer.gallery.store import Gallery, load_enrolled
from recognizer.gallery.upkeep import find_person, remove, rename
from tests.fakes import PaintedFaceDetector, PaintedFaceEmbedder, face_picture, read_picture, save_picture

FLAT = Limits(wanted_sharpness=0, usable_sharpness=0)
ENROLLER = Enroller(
    detector=PaintedFaceDetector(),
    embedder=PaintedFaceEmbedder(),
    read=read_picture,
    suffixes={".png"},
    limits=FLAT,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    gallery = tmp_path / "people"
    save_picture(gallery / "Ada" / "1.png", face_picture((1, 1)))
    save_picture(gallery / "Bob" / "1.png", face_picture((2, 1)))
    save_picture(gallery / "Bob" / "2.png", face_picture((2, 2)))
    ENROLLER.enrol(gallery)
    return gallery


def audit_of(folder: Path) -> Audit:
    return audit(folder, suffixes={".png"}, limits=FLAT, confusable=0.35)


def test_a_removed_person_is_gone_from_disk_and_record(folder: Path) -> None:
    assert remove(folder, "bob") is None
    assert load_enrolled(folder).names == ("Ada",)
    assert not (folder / "Bob").exists()
    assert not list((folder / ".recognizer").rglob("*.png"))
    assert ENROLLER.enrol(folder).people == ("Ada",)


def test_kept_photos_move_beside_the_gallery_and_overwrite_nothing(folder: Path) -> None:
    first = remove(folder, "Bob", keep_photos=True)
    assert first == folder.parent / "people-removed" / "Bob"
    assert sorted(path.name for path in first.iterdir()) == ["1.png", "2.png"]
    save_picture(folder / "Bob" / "3.png", face_picture((2, 3)))
    second = remove(folder, "Bob", keep_photos=True)
    assert second == folder.parent / "people-removed" / "Bob (2)"
    assert sorted(path.name for path in first.iterdir()) == ["1.png", "2.png"]


def test_someone_only_in_the_folder_or_only_in_the_record_can_be_removed(folder: Path) -> None:
    save_picture(folder / "New" / "1.png", face_picture((3, 1)))
    remove(folder, "New")
    assert not (folder / "New").exists()
    (folder / "Ada" / "1.png").unlink()
    (folder / "Ada").rmdir()
    remove(folder, "Ada")
    assert load_enrolled(folder).names == ("Bob", "Bob")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("Bop", 'called "Bop".*Did you mean "Bob"'), ("../people/Bob", "never a path"), ("", "empty"), (".", "dot")],
)
def test_who_is_not_there_cannot_be_removed(folder: Path, name: str, wanted: str) -> None:
    with pytest.raises(GalleryError, match=wanted):
        remove(folder, name)
    with pytest.raises(GalleryError, match=wanted):
        rename(folder, name, "Else")
    assert set(load_enrolled(folder).names) == {"Ada", "Bob"}


def test_a_path_in_a_tampered_record_leads_nowhere(folder: Path) -> None:
    outside = folder.parent / "precious"
    save_picture(outside / "1.png", face_picture((5, 1)))
    with Gallery(folder, write=True) as gallery:
        gallery.rename("Ada", "Mallory", folder="../precious")
    with pytest.raises(GalleryError, match="Nobody is called"):
        remove(folder, "Mallory")
    assert (outside / "1.png").exists()


def test_an_interrupted_removal_never_brings_the_person_back(folder: Path) -> None:
    buried = folder / ".recognizer" / "removing" / "0"
    buried.parent.mkdir()
    (folder / "Bob").rename(buried)  # killed here: moved away, not yet forgotten
    report = ENROLLER.enrol(folder)
    assert report.people == ("Ada",)
    assert report.forgotten == ("Bob",)
    assert not buried.parent.exists()


def test_a_renamed_person_keeps_vectors_and_gets_the_folder(folder: Path) -> None:
    assert rename(folder, "bob", "  Robert 王 ") == "Robert 王"
    assert load_enrolled(folder).names == ("Ada", "Robert 王", "Robert 王")
    assert (folder / "Robert 王" / "1.png").exists()
    assert not any(photo.processed for photo in ENROLLER.enrol(folder).photos)


def test_a_name_can_change_its_case(folder: Path) -> None:
    rename(folder, "Bob", "BOB")
    assert ENROLLER.enrol(folder).people == ("Ada", "BOB")


def test_an_interrupted_renaming_is_healed_by_the_next_enrolment(folder: Path) -> None:
    (folder / "Bob").rename(folder / "Robert")  # killed here: the folder has the new name, the record the old one
    report = ENROLLER.enrol(folder)
    assert report.people == ("Ada", "Robert")
    assert not any(photo.processed for photo in report.photos)


@pytest.mark.parametrize(
    ("new", "wanted"),
    [("Ada", "already"), ("ADA", "already"), ("../Bob", "never a path"), (".x", "dot"), ("stray", "exists already")],
)
def test_a_name_that_is_taken_or_none_is_refused(folder: Path, new: str, wanted: str) -> None:
    (folder / "stray").write_text("a file")
    with pytest.raises(GalleryError, match=wanted):
        rename(folder, "Bob", new)
    assert (folder / "Bob" / "2.png").exists()
    assert set(load_enrolled(folder).names) == {"Ada", "Bob"}


def test_nothing_is_changed_while_someone_enrols(folder: Path) -> None:
    with Gallery(folder, write=True, purpose="enroll"):
        for change in (lambda: remove(folder, "Bob"), lambda: rename(folder, "Bob", "Rob")):
            with pytest.raises(GalleryBusyError):
                change()
    assert (folder / "Bob").exists()


def test_a_mistyped_gallery_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match="no gallery"):
        remove(tmp_path / "gone", "Bob")
    with pytest.raises(GalleryError, match="Nobody is there"):
        remove(tmp_path, "Bob")
    assert list(tmp_path.iterdir()) == []


def test_case_and_composition_do_not_matter(folder: Path) -> None:
    save_picture(folder / "Zoe\u0308" / "1.png", face_picture((4, 1)))
    assert find_person(folder, "ZOË") == "Zoë"


def test_a_sound_gallery_has_nothing_to_look_into(folder: Path) -> None:
    assert audit_of(folder) == Audit(2, 3, (), (), (), (), (), ())


def test_the_audit_names_what_to_look_into(folder: Path) -> None:
    save_picture(folder / "Robert" / "1.png", face_picture((2, 3)))
    save_picture(folder / "Odd" / "1.png", face_picture((5, 1)))
    save_picture(folder / "Odd" / "2.png", face_picture((6, 1)))
    save_picture(folder / "Weak" / "1.png", face_picture((7, 1), side=56))
    (folder / "Empty").mkdir()
    ENROLLER.enrol(folder)
    save_picture(folder / "Ada" / "new.png", face_picture((1, 2)))
    save_picture(folder / "Ada" / "1.png", face_picture((1, 3)))
    (folder / "Bob" / "2.png").unlink()
    found = audit_of(folder)
    (pair,) = found.confusable
    assert (pair.person, pair.other) == ("Bob", "Robert")
    assert pair.similarity == pytest.approx(0.8, abs=0.05)
    assert [(odd.person, odd.file) for odd in found.odd_photos] == [("Odd", "1.png"), ("Odd", "2.png")]
    assert found.weak_people == ("Odd", "Weak")
    assert found.unusable_people == ("Empty",)
    assert found.new_photos == ("Ada/1.png", "Ada/new.png")
    assert found.gone_photos == ("Bob/2.png",)
