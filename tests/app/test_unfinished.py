"""A change of gallery and history that a kill interrupts is finished or taken back at the next start."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NoReturn

import pytest

from recognizer.app.enrol_tracks import accept, offer
from recognizer.app.people import merge_people, rename_person
from recognizer.app.undo import undo_action
from recognizer.app.unfinished import recover
from recognizer.errors import GalleryBusyError
from recognizer.gallery.enrol import Enroller
from recognizer.gallery.lock import people_lock
from recognizer.history import actions, announcements
from recognizer.history.database import Database, open_history
from recognizer.history.retention import forget_person
from tests.app.painted_people import BOB, PAINTED, Site


def dies() -> NoReturn:
    """Stand in for an enroller; it is wanted when photos were changed already."""
    os._exit(0)


class Dying(Enroller):
    """Measures crops, and dies when it is to enrol them."""

    def enrol(self, *_: object, **__: object) -> NoReturn:
        dies()


def killed(site: Site, work: Callable[[Database], object]) -> None:
    """Do it in a process that dies at an enrolment."""
    child = os.fork()
    if child == 0:
        try:
            work(open_history(site.folder / "history", create=False))
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def enrol(site: Site, history: Database, *, dying: bool) -> int:
    enroller = site.enroller()
    found = offer(site.settings, PAINTED, history, enroller, person="Bob")
    return accept(site.settings, history, Dying.__new__(Dying) if dying else enroller, found)[0]


@pytest.fixture
def people(site: Site) -> Site:
    site.enrol(Bob=(BOB, 5))
    site.see(1, BOB, 1, 2, 3, name="Bob")
    return site


@pytest.mark.parametrize("what", ["merge of Bob into Ada", "renaming of Bob to Eve", "enrolment of Bob"])
def test_photos_that_moved_or_came_are_as_before(people: Site, what: str, logged_warnings: list[str]) -> None:
    site, before = people, people.files()
    works: dict[str, Callable[[Database], object]] = {
        "merge": lambda history: merge_people(site.settings, history, "Ada", "Bob", enroller=dies),
        "renaming": lambda history: rename_person(site.settings, history, "Bob", "Eve", enroller=dies),
        "enrolment": lambda history: enrol(site, history, dying=True),
    }
    killed(site, works[what.split()[0]])
    changed = site.files()
    assert changed != before
    with people_lock(site.gallery):  # as if the process were alive
        recover(site.settings)
    assert site.files() == changed
    assert not logged_warnings
    recover(site.settings)
    assert site.files() == before
    assert not (site.gallery / "Eve").exists()
    assert logged_warnings[0].startswith(f"The {what}")
    assert logged_warnings[0].endswith("was interrupted; the photos are as before. Do it again.")
    assert not announcements.read(site.history)
    assert not actions.list_actions(site.history, limit=9)


def test_a_photo_that_somebody_has_twice_does_not_stay_with_another(people: Site) -> None:
    folder = people.gallery / "Bob"
    photo = min(folder.iterdir())
    (folder / f"copy of {photo.name}").write_bytes(photo.read_bytes())
    before = people.files()
    killed(people, lambda history: merge_people(people.settings, history, "Ada", "Bob", enroller=dies))
    recover(people.settings)
    assert people.files() == before


def test_an_undo_is_finished(people: Site, logged_warnings: list[str]) -> None:
    site, before = people, people.files()
    action = merge_people(site.settings, site.history, "Ada", "Bob", enroller=site.enroller)
    killed(site, lambda history: undo_action(history, action, gallery=site.gallery, enroller=dies))
    assert site.files() == before
    recover(site.settings)
    assert actions.list_actions(site.history, limit=1)[0]["undone"]
    assert logged_warnings == [f"The undo of action {action} was interrupted; it is done now."]


def test_who_undoes_it_again_finishes_it(people: Site) -> None:
    site, before = people, people.files()
    action = enrol(site, site.history, dying=False)
    killed(site, lambda history: undo_action(history, action, gallery=site.gallery, enroller=dies))
    assert undo_action(site.history, action, gallery=site.gallery, enroller=site.enroller).startswith("enrol 3 crops")
    assert site.files() == before
    assert actions.list_actions(site.history, limit=1)[0]["undone"]


def test_the_next_change_takes_back_what_was_left(people: Site) -> None:
    site, before = people, people.files()
    killed(site, lambda history: merge_people(site.settings, history, "Ada", "Bob", enroller=dies))
    action = rename_person(site.settings, site.history, "Ada", "Eve", enroller=site.enroller)
    undo_action(site.history, action, gallery=site.gallery, enroller=site.enroller)
    assert site.files() == before


def test_one_at_a_time(people: Site) -> None:
    site = people
    with people_lock(site.gallery), pytest.raises(GalleryBusyError, match="People of the gallery"):
        rename_person(site.settings, site.history, "Ada", "Eve", enroller=site.enroller)


def test_who_is_forgotten_stands_in_no_announcement(people: Site) -> None:
    site = people
    killed(site, lambda history: merge_people(site.settings, history, "Ada", "Bob", enroller=dies))
    assert announcements.read(site.history)
    forget_person(site.history, "Bob")
    assert not announcements.read(site.history)
