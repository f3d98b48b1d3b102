"""Merging and renaming people in gallery and history."""

from __future__ import annotations

import datetime as dt

import pytest

from recognizer.app.enrol_tracks import accept, offer
from recognizer.app.people import merge_people, rename_person
from recognizer.app.undo import undo_action
from recognizer.errors import GalleryError, HistoryError
from recognizer.gallery.consent import Consent, write_consent
from recognizer.gallery.store import load_enrolled
from recognizer.history import actions
from recognizer.history.records import Selection
from recognizer.history.rejections import active_rejections, reject_track
from recognizer.history.retention import Retention, forget_person, purge
from recognizer.history.tracks import list_tracks
from tests.app.painted_people import ADA, BOB, PAINTED, Site
from tests.fakes import face_picture, save_picture


def merge(site: Site, into: str, other: str) -> int:
    return merge_people(site.settings, site.history, into, other, enroller=site.enroller)


def undo(site: Site, action: int) -> str:
    return undo_action(site.history, action, gallery=site.gallery, enroller=site.enroller)


def names(site: Site) -> list[str | None]:
    return [seen.person for seen in list_tracks(site.history, Selection())]


def test_two_people_become_one_and_two_again(site: Site) -> None:
    save_picture(site.gallery / "Bob" / "0.png", face_picture((ADA, 4)))  # a name that Ada's photo has, too
    site.enrol(Bob=(ADA, 5))
    site.see(1, ADA, 1, name="Bob")
    site.see(2, ADA, 2, name="Ada")
    site.see(3, BOB, 1, name="Bob")
    reject_track(site.history, 3)
    files, before = site.files(), names(site)
    action = merge(site, "Ada", "Bob")
    assert set(names(site)) == {"Ada", None}
    assert set(load_enrolled(site.gallery).names) == {"Ada"}
    assert {file.split("/")[0] for file in site.files()} == {"Ada"}
    assert sorted(site.files().values()) == sorted(files.values())
    assert [rejection.person for rejection in active_rejections(site.history, PAINTED.fingerprint)] == ["Ada"]
    undo(site, action)
    assert site.files() == files
    assert names(site) == before
    assert set(load_enrolled(site.gallery).names) == {"Ada", "Bob"}
    assert [rejection.person for rejection in active_rejections(site.history, PAINTED.fingerprint)] == ["Bob"]


def test_a_photo_that_somebody_has_twice_comes_back_twice(site: Site) -> None:
    site.enrol(Bob=(BOB, 5))
    folder = site.gallery / "Bob"
    photo = min(folder.iterdir())
    (folder / f"copy of {photo.name}").write_bytes(photo.read_bytes())
    before = site.files()
    undo(site, merge(site, "Ada", "Bob"))
    assert site.files() == before


def test_people_whom_only_the_history_knows_are_merged(site: Site) -> None:
    site.see(1, BOB, 1, name="Bob")
    action = merge(site, "Ada", "Bob")
    assert names(site) == ["Ada"]
    undo(site, action)
    assert names(site) == ["Bob"]


def test_a_merge_is_not_undone_while_a_later_action_depends_on_it(site: Site) -> None:
    site.see(1, BOB, 1, 2, name="Bob")
    enrolled, _ = accept(
        site.settings,
        site.history,
        site.enroller(),
        offer(site.settings, PAINTED, site.history, site.enroller(), person="Bob"),
    )
    merged = merge(site, "Ada", "Bob")
    with pytest.raises(HistoryError, match=rf"history undo {merged}"):
        undo(site, enrolled)
    rejected, _, _ = reject_track(site.history, 1)
    with pytest.raises(HistoryError, match=rf"history undo {rejected}"):
        undo(site, merged)
    for action in (rejected, merged, enrolled):
        undo(site, action)
    assert set(site.files()) == {"Ada/0.png"}


@pytest.mark.parametrize(
    ("into", "other", "message"),
    [("Ada", "Ada", "with themselves"), ("Ada", "Zoe", "knows Zoe"), ("Zoe", "Ada", "knows Zoe")],
)
def test_who_cannot_be_merged(site: Site, into: str, other: str, message: str) -> None:
    with pytest.raises(HistoryError, match=message):
        merge(site, into, other)


def test_consent_goes_along_and_comes_back_exactly(site: Site) -> None:
    site.enrol(Bob=(ADA, 6))
    write_consent(site.gallery / "Bob", Consent("2026-01-01", by="Bob"))
    files = site.files()
    action = merge(site, "Ada", "Bob")
    assert site.files()["Ada/consent.yaml"] == files["Bob/consent.yaml"]
    undo(site, action)
    assert site.files() == files
    write_consent(site.gallery / "Ada", Consent("2026-01-01", by="Ada"))
    files = site.files()
    action = merge(site, "Ada", "Bob")
    assert site.files()["Ada/consent.yaml"] == files["Ada/consent.yaml"]
    undo(site, action)
    assert site.files() == files


def test_a_merge_recognises_nobody_whose_consent_was_withdrawn(site: Site) -> None:
    site.enrol(Bob=(ADA, 6))
    write_consent(site.gallery / "Bob", Consent("2026-01-01", withdrawn="2026-02-01"))
    with pytest.raises(GalleryError, match="Bob: consent was withdrawn on 2026-02-01"):
        merge(site, "Ada", "Bob")
    assert "Bob/6.png" in site.files()


def test_a_person_is_renamed_in_both_and_back(site: Site) -> None:
    site.see(1, ADA, 1, name="Ada")
    files = site.files()
    action = rename_person(site.settings, site.history, "Ada", "Ada Lovelace", enroller=site.enroller)
    assert names(site) == ["Ada Lovelace"]
    assert set(load_enrolled(site.gallery).names) == {"Ada Lovelace"}
    undo(site, action)
    assert (names(site), site.files()) == (["Ada"], files)


def test_a_rename_that_the_history_does_not_take_changes_nothing(site: Site) -> None:
    files = site.files()
    with site.history.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE actions RENAME TO gone")
    with pytest.raises(HistoryError, match="no such table"):
        rename_person(site.settings, site.history, "Ada", "Eve", enroller=site.enroller)
    assert site.files() == files


def test_the_names_of_a_merged_person_are_forgotten_with_them(site: Site) -> None:
    site.see(1, ADA, 1, name="Bob")
    merge(site, "Ada", "Bob")
    assert forget_person(site.history, "Ada") == 1
    assert actions.list_actions(site.history, limit=5) == []


def test_a_merge_that_cannot_be_undone_leaves_the_photos_where_they_are(site: Site) -> None:
    site.enrol(Bob=(BOB, 1))
    site.see(1, BOB, 1, name="Bob")
    action = merge(site, "Ada", "Bob")
    files = site.files()
    purge(site.history, Retention(known_days=0), now=dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
    with pytest.raises(HistoryError, match="was deleted meanwhile"):
        undo(site, action)
    assert site.files() == files
    assert set(load_enrolled(site.gallery).names) == {"Ada"}
