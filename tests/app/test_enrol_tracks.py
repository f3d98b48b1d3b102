"""Enrolling from kept crops: what is offered, what is added, and taking it back."""

from __future__ import annotations

import pytest

from recognizer.app import enrol_tracks
from recognizer.app.enrol_tracks import Offer
from recognizer.app.undo import undo_action
from recognizer.errors import GalleryBusyError, GalleryError, HistoryError
from recognizer.gallery.consent import Consent, write_consent
from recognizer.gallery.store import Gallery, load_enrolled
from recognizer.history import actions, clusters
from tests.app.painted_people import ADA, BOB, EVE, PAINTED, Site


def offer(site: Site, person: str = "Bob", **more: object) -> Offer:
    wanted = {"person": person} | more
    return enrol_tracks.offer(site.settings, PAINTED, site.history, site.enroller(), **wanted)  # type: ignore[arg-type]


def undo(site: Site, action: int) -> str:
    return undo_action(site.history, action, gallery=site.gallery, enroller=site.enroller)


def test_a_named_cluster_is_enrolled_and_undo_takes_exactly_these_photos_back(site: Site) -> None:
    site.see(1, BOB, 1, 2, 3)
    clusters.update_clusters(site.history, model=PAINTED.fingerprint, threshold=0.4)
    with pytest.raises(HistoryError, match="has no name yet: history name 1"):
        offer(site, cluster=1, person=None)  # type: ignore[arg-type]
    clusters.name_cluster(site.history, 1, "Bob")
    before = site.files()
    found = offer(site, cluster=1, person=None)  # type: ignore[arg-type]
    assert (found.person, len(found.chosen)) == ("Bob", 3)
    assert site.files() == before
    action, done = enrol_tracks.accept(site.settings, site.history, site.enroller(), found)
    assert len(done.accepted) == 3
    assert load_enrolled(site.gallery).names.count("Bob") == 3
    site.enrol(Ada=(ADA, 0, 4))
    undo(site, action)
    assert site.files().keys() == before.keys() | {"Ada/4.png"}
    assert set(load_enrolled(site.gallery).names) == {"Ada"}


def test_a_photo_that_was_changed_is_not_taken_back(site: Site) -> None:
    site.see(1, BOB, 1, 2, name="Bob")
    action, done = enrol_tracks.accept(site.settings, site.history, site.enroller(), offer(site))
    photo = site.gallery / "Bob" / done.accepted[0]
    photo.write_bytes(photo.read_bytes() + b"changed")
    before = site.files()
    with pytest.raises(HistoryError, match="was changed since"):
        undo(site, action)
    assert site.files() == before
    assert not actions.list_actions(site.history, limit=1)[0]["undone"]


def test_undo_without_the_gallery_is_refused(site: Site) -> None:
    site.see(1, BOB, 1, name="Bob")
    action, _ = enrol_tracks.accept(site.settings, site.history, site.enroller(), offer(site))
    with pytest.raises(HistoryError, match="undone together with it"):
        actions.undo(site.history, action)


def test_a_photo_that_is_gone_already_does_not_stop_undo(site: Site) -> None:
    site.see(1, BOB, 1, 2, name="Bob")
    action, done = enrol_tracks.accept(site.settings, site.history, site.enroller(), offer(site))
    (site.gallery / "Bob" / done.accepted[0]).unlink()
    undo(site, action)
    assert "Bob" not in {file.split("/")[0] for file in site.files()}


def test_a_crop_of_somebody_who_is_enrolled_under_another_name_is_refused(site: Site) -> None:
    site.see(1, ADA, 1, 2, name="Bob")
    found = offer(site)
    assert found.chosen == ()
    assert {crop.reason.split(" (")[0] for crop in found.crops} == {"like Ada"}


def test_small_faces_are_refused_with_the_measured_value(site: Site) -> None:
    site.see(1, BOB, 1, name="Bob", side=40)
    (crop,) = offer(site).crops
    assert crop.reason == "13 px between the eyes, wanted 20"


def test_the_same_picture_is_taken_once_and_no_more_than_wanted(site: Site) -> None:
    site.see(1, BOB, 1, 2, 3, 4, name="Bob")
    site.see(2, BOB, 1, name="Bob")
    reasons = sorted(crop.reason for crop in offer(site, count=3).crops if not crop.chosen)
    assert reasons == ["good, but 3 are enough", "like another crop that was chosen"]


def test_what_is_unlike_most_others_is_refused(site: Site) -> None:
    site.see(1, BOB, 1, 2, 3, name="Bob")
    site.see(2, EVE, 1, name="Bob")
    found = offer(site)
    (refused,) = [crop for crop in found.crops if not crop.chosen]
    assert refused.crop.track_id == 2
    assert refused.reason.startswith("unlike most other crops")


def test_photos_that_are_enrolled_decide_who_the_person_is(site: Site) -> None:
    site.see(1, ADA, 0, 1, name="Ada")
    site.see(2, EVE, 1, name="Ada")
    reasons = {crop.reason.split(":")[0] for crop in offer(site, "Ada").crops}
    assert reasons == {"", "like a photo that is enrolled already", "unlike the photos of Ada"}


def test_without_crops_it_is_said_how_to_keep_them(site: Site) -> None:
    site.see(1, BOB, name="Bob")
    with pytest.raises(HistoryError, match=r"history\.crops: true"):
        offer(site)
    with pytest.raises(HistoryError, match="No track of Zoe"):
        offer(site, "Zoe")


def test_a_gallery_that_is_being_changed_stays_as_it_is(site: Site) -> None:
    site.see(1, BOB, 1, name="Bob")
    found, before = offer(site), site.files()
    with Gallery(site.gallery, write=True, purpose="test"), pytest.raises(GalleryBusyError):
        enrol_tracks.accept(site.settings, site.history, site.enroller(), found)
    assert site.files() == before
    assert actions.list_actions(site.history, limit=1) == []


def test_an_action_that_cannot_be_recorded_takes_the_photos_back(site: Site) -> None:
    site.see(1, BOB, 1, name="Bob")
    found, before = offer(site), site.files()
    with site.history.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE actions RENAME TO gone")
    with pytest.raises(HistoryError, match="no such table"):
        enrol_tracks.accept(site.settings, site.history, site.enroller(), found)
    assert site.files() == before
    assert set(load_enrolled(site.gallery).names) == {"Ada"}


def test_a_history_that_somebody_altered_deletes_nothing_outside_the_gallery(site: Site) -> None:
    site.see(1, BOB, 1, name="Bob")
    action, _ = enrol_tracks.accept(site.settings, site.history, site.enroller(), offer(site))
    with site.history.writing() as connection:
        connection.exec_driver_sql("UPDATE actions SET changes = replace(changes, 'Bob/', '../')")
    with pytest.raises(HistoryError, match="cannot be one"):
        undo(site, action)


def test_consent_that_was_withdrawn_or_is_wanted_stands_in_the_way(site: Site) -> None:
    site.see(1, BOB, 1, name="Bob")
    strict = site.settings.gallery.model_copy(update={"require_consent": True})
    settings = site.settings.model_copy(update={"gallery": strict})
    with pytest.raises(GalleryError, match=r"Bob: no consent is recorded.*gallery consent \"Bob\""):
        enrol_tracks.offer(settings, PAINTED, site.history, site.enroller(), person="Bob")


def test_a_name_in_other_letters_is_the_person_of_the_gallery(site: Site) -> None:
    site.see(1, BOB, 1, 2, name="bob")
    write_consent(site.gallery / "Bob", Consent("2026-01-01", withdrawn="2026-02-01"))
    with pytest.raises(GalleryError, match="Bob: consent was withdrawn"):
        offer(site, "bob")
    write_consent(site.gallery / "Bob", Consent("2026-03-01"))
    before = site.files()
    action, _ = enrol_tracks.accept(site.settings, site.history, site.enroller(), offer(site, "bob"))
    assert "Bob" in load_enrolled(site.gallery).names
    undo(site, action)
    assert site.files() == before
