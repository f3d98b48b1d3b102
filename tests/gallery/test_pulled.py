"""A gallery that is a copy of a service's: applied at once, changed by nobody else."""

from __future__ import annotations

import datetime as dt
import hashlib
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from recognizer.errors import GalleryError, PulledGalleryError
from recognizer.gallery import upkeep
from recognizer.gallery.consent import Consent, read_consent, write_consent
from recognizer.gallery.folder import CONSENT_FILE
from recognizer.gallery.hidden import is_hidden, set_hidden
from recognizer.gallery.origin import Origin
from recognizer.gallery.pulled import PulledGallery, pulled_from, require_no_photos
from recognizer.gallery.records import Measurement
from recognizer.gallery.shared import SharedGallery, SharedPerson, SharedPhoto, renamed_to
from recognizer.gallery.store import Gallery, load_enrolled
from tests.gallery.painted import enroller
from tests.gallery.records import MODEL, NOTE, commit, face

ORIGIN = Origin("https://service", "e.3")


def person(name: str, *photos: int, consent: Consent | None = None, hidden: bool = False) -> SharedPerson:
    of = ord(name[0]) % 13
    shared = [
        SharedPhoto(f"{n}.png", hashlib.sha256(f"{name}{n}".encode()).digest(), (NOTE,), Measurement((), face(of, n)))
        for n in photos
    ]
    return SharedPerson(name, name, tuple(shared), consent, hidden)


def apply(folder: Path, *people: SharedPerson, gone: tuple[str, ...] = (), cursor: str = "e.3") -> None:
    folder.mkdir(exist_ok=True)
    with PulledGallery(folder, write=True, purpose="test") as gallery:
        gallery.apply(people, gone, model=MODEL, to=replace(ORIGIN, cursor=cursor))


def test_what_is_shared_arrives_whole(tmp_path: Path) -> None:
    centre, box = tmp_path / "centre", tmp_path / "box"
    centre.mkdir()
    commit(centre, {"Ada": [1, 2], "王小明": [1]})
    given = Consent("2027-03-01", by="form 7")
    write_consent(centre / "Ada", given)
    (centre / "王小明").mkdir()
    set_hidden(centre, "王小明", True)
    with SharedGallery(centre) as gallery:
        everybody = list(gallery.shared(["Ada", "王小明", "Nobody"]))
    apply(box, *everybody)
    here, there = load_enrolled(box), load_enrolled(centre)
    assert (here.names, here.files, here.model) == (there.names, there.files, there.model)
    assert (here.vectors == there.vectors).all()
    assert read_consent(box / "Ada") == given
    assert is_hidden(box, "王小明")
    assert pulled_from(box) == ORIGIN
    assert not [path for path in box.rglob("*") if path.suffix in (".png", ".jpg")]
    apply(box, replace(everybody[0], consent=None))
    assert read_consent(box / "Ada") is None


def test_only_what_changed_is_applied(tmp_path: Path) -> None:
    box = tmp_path / "box"
    apply(box, person("Ada", 1, 2), person("Bob", 1))
    apply(box, person("Ada", 2), gone=("Bob",), cursor="e.5")
    assert load_enrolled(box).files == ("2.png",)
    assert not (box / "Bob").exists()
    assert pulled_from(box) == replace(ORIGIN, cursor="e.5")


def test_each_change_of_a_person_is_noticed(tmp_path: Path) -> None:
    commit(tmp_path, {"Ada": [1], "Bob": [1]})
    seen = set()
    (tmp_path / "Ada").mkdir()

    def digest() -> bytes:
        with SharedGallery(tmp_path) as gallery:
            return gallery.standing()["Ada"].digest

    seen.add(digest())
    write_consent(tmp_path / "Ada", Consent("2027-03-01"))
    seen.add(digest())
    set_hidden(tmp_path, "Ada", True)
    seen.add(digest())
    commit(tmp_path, {"Ada": [1, 2], "Bob": [1]})
    seen.add(digest())
    assert len(seen) == 4
    commit(tmp_path, {"Ada": [1, 2], "Bob": [1, 2]})
    assert digest() in seen


def test_nobody_else_changes_a_copy(tmp_path: Path) -> None:
    box = tmp_path / "box"
    apply(box, person("Ada", 1))
    with pytest.raises(PulledGalleryError, match="https://service"):
        enroller().enrol(box)
    with pytest.raises(PulledGalleryError, match="https://service"):
        upkeep.remove(box, "Ada")
    assert load_enrolled(box).names == ("Ada",)
    with PulledGallery(box, write=True) as gallery:
        gallery.release()
    assert pulled_from(box) is None
    assert not (box / "Ada").exists()
    with Gallery(box, write=True):
        pass


def test_a_gallery_with_people_of_its_own_becomes_no_copy(tmp_path: Path) -> None:
    commit(tmp_path, {"Ada": [1]})
    with pytest.raises(PulledGalleryError, match="of its own"), PulledGallery(tmp_path, write=True):
        pass
    (tmp_path / "Ada").mkdir()
    with pytest.raises(PulledGalleryError, match="of its own"):
        require_no_photos(tmp_path)


@pytest.mark.parametrize("folder", ["..", "../x", "a/b", ".recognizer", ".hidden", "lost+found", ""])
def test_a_service_names_no_place_outside(tmp_path: Path, folder: str) -> None:
    with pytest.raises(GalleryError):
        apply(tmp_path / "box", replace(person("Ada", 1), folder=folder))
    assert not (tmp_path / "x").exists()


def test_a_folder_of_a_mac_is_one_name(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "Zoë")
    apply(tmp_path / "box", replace(person("Zoë", 1), folder=decomposed))
    assert load_enrolled(tmp_path / "box").names == ("Zoë",)


def test_a_consent_that_cannot_be_read_withholds_that_person_only(tmp_path: Path) -> None:
    commit(tmp_path, {"Ada": [1], "Bob": [1]})
    for name in ("Ada", "Bob"):
        (tmp_path / name).mkdir()
    (tmp_path / "Ada" / CONSENT_FILE).write_text("nonsense: [")
    with SharedGallery(tmp_path) as gallery:
        assert set(gallery.standing()) == {"Ada", "Bob"}
        ada, bob = gallery.shared(["Ada", "Bob"])
    assert ada.consent is not None
    assert ada.consent.problem(dt.datetime.now(dt.UTC)) is not None
    assert bob.consent is None


def test_who_has_most_photos_of_somebody_gone_is_their_new_name() -> None:
    owners = {"a": "Bob", "b": "Bob", "c": "Eve"}
    assert renamed_to(["a", "b", "x"], owners) == "Bob"
    assert renamed_to(["c", "x", "y"], owners) is None  # one photo was misfiled: they are deleted
    assert renamed_to([], owners) is None
