"""Consent beside the photos: what is recorded, when it ends, and whom it withholds."""

from __future__ import annotations

import datetime as dt
import unicodedata
from pathlib import Path

import pytest

from recognizer.errors import GalleryError
from recognizer.gallery import upkeep
from recognizer.gallery.consent import Consent, Consents, end_of, read_consent, withdraw, write_consent
from recognizer.gallery.folder import CONSENT_FILE, scan
from recognizer.gallery.store import load_enrolled
from tests.fakes import face_picture, save_picture
from tests.gallery.painted import enroller

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    folder = tmp_path / "gallery"
    for number, name in ((3, "Ada"), (5, "Bob")):
        save_picture(folder / name / "1.png", face_picture((number, 0)))
    enroller().enrol(folder)
    return folder


def permitted(gallery: Path, *, required: bool = False, now: dt.datetime = NOON) -> set[str]:
    return set(Consents(gallery, required=required, now=lambda: now).permitted(load_enrolled(gallery)).names)


def test_consent_is_written_and_read(tmp_path: Path) -> None:
    given = Consent("2026-03-02T12:00:00+00:00", by="Ada's mother: form 12", until="2026-06-01")
    write_consent(tmp_path / "Ada", given)
    assert read_consent(tmp_path / "Ada") == given
    assert read_consent(tmp_path) is None
    taken = withdraw(given, NOON)
    write_consent(tmp_path / "Ada", taken)
    assert read_consent(tmp_path / "Ada") == taken
    assert taken.by == given.by


def test_a_day_counts_as_a_whole() -> None:
    assert end_of("2026-03-02") == dt.datetime(2026, 3, 3).astimezone()
    assert end_of("2026-03-02T12:00:00+00:00") == NOON


@pytest.mark.parametrize(
    ("consent", "required", "is_permitted"),
    [
        (None, False, True),
        (None, True, False),
        (Consent("2026-01-01"), True, True),
        (Consent("2026-01-01", until="2026-03-01"), False, False),
        (Consent("2026-01-01", until="2026-03-02T12:00:01+00:00"), True, True),
        (Consent("2026-01-01", until="2026-03-02T12:00:00+00:00"), True, False),
        (Consent("2026-01-01", withdrawn="2026-02-01"), False, False),
    ],
)
def test_who_is_recognised(gallery: Path, consent: Consent | None, required: bool, is_permitted: bool) -> None:
    write_consent(gallery / "Bob", Consent("2026-01-01"))
    if consent is not None:
        write_consent(gallery / "Ada", consent)
    assert permitted(gallery, required=required) == ({"Ada", "Bob"} if is_permitted else {"Bob"})


@pytest.mark.parametrize(
    "text", ["given: [", "until: 2026-03-01", "given: yesterday", "given: 2026-01-01\nuntill: x", ""]
)
def test_a_consent_that_cannot_be_read_is_none(gallery: Path, text: str) -> None:
    (gallery / "Ada" / CONSENT_FILE).write_text(text)
    consents = Consents(gallery)
    assert set(consents.permitted(load_enrolled(gallery)).names) == {"Bob"}
    assert "cannot be read" in consents.withheld["Ada"]


def test_a_link_is_no_consent(gallery: Path, tmp_path: Path) -> None:
    write_consent(tmp_path, Consent("2026-01-01"))
    (gallery / "Ada" / CONSENT_FILE).symlink_to(tmp_path / CONSENT_FILE)
    assert permitted(gallery) == {"Bob"}


def test_the_next_end_is_noticed(gallery: Path) -> None:
    now = [NOON]
    write_consent(gallery / "Ada", Consent("2026-01-01", until=(NOON + dt.timedelta(minutes=1)).isoformat()))
    consents = Consents(gallery, now=lambda: now[0])
    consents.permitted(load_enrolled(gallery))
    assert (consents.is_due(), consents.has_ends) == (False, True)
    now[0] += dt.timedelta(minutes=1)
    assert consents.is_due()
    assert set(consents.permitted(load_enrolled(gallery)).names) == {"Bob"}
    assert (consents.is_due(), consents.has_ends) == (False, False)


def test_the_file_is_no_photo_and_survives_a_new_record_and_a_new_name(gallery: Path) -> None:
    given = Consent("2026-01-01", by="Ada")
    write_consent(gallery / "Ada", given)
    assert scan(gallery, suffixes={".png"}).skipped == ()
    enroller().enrol(gallery, rebuild=True)
    upkeep.rename(gallery, "Ada", "Eve")
    assert read_consent(gallery / "Eve") == given
    upkeep.remove(gallery, "Eve")
    assert not list(gallery.rglob(CONSENT_FILE))


def test_what_needs_consent_is_refused_with_the_remedy(gallery: Path) -> None:
    with pytest.raises(GalleryError, match=r'gallery consent "Zoe" --by'):
        Consents(gallery, required=True).require("Zoe")
    Consents(gallery).require("Zoe")


def test_a_change_is_noticed_though_the_folder_has_the_name_in_other_letters(tmp_path: Path) -> None:
    folder = tmp_path / "gallery" / unicodedata.normalize("NFD", "Zoë")
    save_picture(folder / "1.png", face_picture((3, 0)))
    enroller().enrol(folder.parent)
    consents = Consents(folder.parent)
    assert set(consents.permitted(load_enrolled(folder.parent)).names) == {"Zoë"}
    write_consent(folder, Consent("2026-01-01", withdrawn="2026-02-01"))
    assert consents.have_changed()
