"""People who are gone at the service, on a box: history, events that wait, and what a run writes meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing, suppress
from unittest.mock import patch

import pytest
from fastapi import FastAPI

from recognizer.app.config import Settings
from recognizer.app.fleet import syncing
from recognizer.app.fleet.membership import read_state
from recognizer.errors import FleetAwayError, GalleryError, HistoryError
from recognizer.history.exchange.outgoing import Outgoing
from recognizer.integrations.outbox import Delivery, Outbox
from recognizer.integrations.removed import REMOVED
from tests.app.fleet.box import names, see
from tests.gallery.records import MODEL
from tests.serve.enrolled import enrol


def test_what_a_run_wrote_before_it_saw_the_change_is_forgotten_too(box: Settings, app: FastAPI) -> None:
    again: dict[str, str | None] = {}
    syncing.sync(box, model=MODEL, again=again)
    see(box, "Ada", "Bob")
    enrol(app, {"Ada Lovelace": ["a"]})
    syncing.sync(box, model=MODEL, again=again)
    assert names(box) == ["Ada Lovelace"]
    see(box, "Ada", "Bob", first=11)
    assert syncing.sync(box, model=MODEL, again=again).departed == again == {}
    assert names(box) == ["Ada Lovelace", "Ada Lovelace"]
    assert names(app.state.services.settings) == ["Ada Lovelace", "Ada Lovelace"]


def test_whoever_is_there_again_is_not_forgotten_a_second_time(box: Settings, app: FastAPI) -> None:
    again: dict[str, str | None] = {}
    syncing.sync(box, model=MODEL, again=again)
    enrol(app, {"Ada": ["a"]})
    syncing.sync(box, model=MODEL, again=again)
    assert again == {"Bob": None}
    see(box, "Bob")
    enrol(app, {"Ada": ["a"], "Bob": ["bb"]})
    syncing.sync(box, model=MODEL, again=again)
    assert (names(box), again) == (["Bob"], {})


def test_who_was_deleted_is_in_no_event_that_waits(box: Settings, app: FastAPI) -> None:
    syncing.sync(box, model=MODEL)
    file = box.integrations.place(box.gallery.folder) / "webhook.sqlite3"
    with closing(Outbox(file)) as outbox:
        outbox.add([Delivery(0, "1", "events", json.dumps({"person": who}).encode(), 1.0) for who in ("Ada", "Bob")])
    enrol(app, {"Ada": ["a"]})
    syncing.sync(box, model=MODEL)
    with closing(Outbox(file)) as outbox:
        bodies = []
        while (first := outbox.first()) is not None:
            bodies.append(json.loads(first.body))
            outbox.remove(first)
    assert bodies == [{"person": "Ada"}, {"person": REMOVED}]


def test_tracks_are_counted_once_where_nobody_is_forgotten(box: Settings, app: FastAPI) -> None:
    syncing.sync(box, model=MODEL)
    see(box, "Ada")
    with patch.object(Outgoing, "waiting", autospec=True, side_effect=Outgoing.waiting) as waiting:
        assert syncing.sync(box, model=MODEL).pushed == 1
    assert waiting.call_count == 1


def test_files_that_cannot_be_used_are_a_problem_in_words(box: Settings, app: FastAPI) -> None:
    syncing.sync(box, model=MODEL)
    consent = box.gallery.folder / "Ada" / "consent.yaml"
    (consent / "in the way").mkdir(parents=True)
    enrol(app, {"Ada": ["a", "aaa"]})
    with pytest.raises(GalleryError, match="cannot be deleted") as found:
        syncing.sync(box, model=MODEL)
    assert str(found.value) == read_state(box.fleet_folder).problem
    (consent / "in the way").rmdir()
    consent.rmdir()
    consent.touch()  # a consent that was taken back at the service
    syncing.sync(box, model=MODEL)
    assert not consent.exists()


def test_who_could_not_be_forgotten_again_is_the_next_time_also_while_the_service_is_away(
    box: Settings, app: FastAPI, wire: Callable[[bool], None]
) -> None:
    again: dict[str, str | None] = {}
    syncing.sync(box, model=MODEL, again=again)
    enrol(app, {"Ada": ["a"]})
    syncing.sync(box, model=MODEL, again=again)
    see(box, "Bob")  # by a run that had not seen it yet
    with patch("recognizer.app.fleet.pulling.forget_person", side_effect=HistoryError("busy")), suppress(HistoryError):
        syncing.sync(box, model=MODEL, again=again)
    assert again == {"Bob": None}
    wire(False)
    with pytest.raises(FleetAwayError):
        syncing.sync(box, model=MODEL, again=again)
    assert (names(box), again) == ([], {})
