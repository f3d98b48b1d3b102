"""A box and its service in one process: models, thresholds, rejections, names in the history, what waits."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from recognizer.app import build
from recognizer.app.config import Settings, load
from recognizer.app.fleet import client as fleet_client
from recognizer.app.fleet import syncing
from recognizer.app.fleet.membership import Membership, read_membership, read_state
from recognizer.app.history import open_or_create, rejections_of
from recognizer.errors import FingerprintError, FleetAwayError, FleetError, PulledGalleryError, UsageError
from recognizer.gallery.store import load_enrolled
from recognizer.history.rejections import reject_track
from recognizer.integrations.outbox import Delivery, Outbox
from tests.app.fleet.box import ADDRESS, code, names, see
from tests.gallery.records import MODEL
from tests.serve.enrolled import enrol


def test_a_box_takes_another_models_vectors_never(box: Settings) -> None:
    with pytest.raises(FingerprintError, match=f"(?s){MODEL}.*other-01234567"):
        syncing.sync(box, model="other-01234567")
    assert not (box.gallery.folder / ".recognizer" / "gallery.sqlite3").exists()
    assert MODEL in str(read_state(box.fleet_folder).problem)


def test_tracks_are_pushed_though_the_gallery_is_refused(box: Settings, app: FastAPI) -> None:
    see(box, "Ada", None)
    with pytest.raises(FingerprintError):
        syncing.sync(box, model="other-01234567")
    assert names(app.state.services.settings) == ["Ada", None]


def test_renames_and_deletions_reach_the_history_of_a_box(box: Settings, app: FastAPI, wire: Any) -> None:
    syncing.sync(box, model=MODEL)
    wire(False)
    see(box, "Ada", "Bob", None)
    with pytest.raises(FleetAwayError):
        syncing.sync(box, model=MODEL)
    assert read_state(box.fleet_folder).waiting == 3
    enrol(app, {"Ada Lovelace": ["a"]})
    wire(True)
    state = syncing.sync(box, model=MODEL)
    assert names(box) == names(app.state.services.settings) == ["Ada Lovelace", None]
    assert load_enrolled(box.gallery.folder).names == ("Ada Lovelace",)
    assert (state.waiting, state.lost, state.departed, state.problem) == (0, 0, {}, None)
    assert syncing.sync(box, model=MODEL).pushed == 2


def test_no_byte_of_who_was_deleted_at_the_service_is_left_on_a_box(box: Settings, app: FastAPI) -> None:
    name = "Wilhelmina Zaubermann"
    enrol(app, {"Ada": ["a"], name: ["bb"]})
    syncing.sync(box, model=MODEL)
    see(box, name, "Ada")
    outbox = box.integrations.place(box.gallery.folder) / "webhook-1.sqlite3"
    outbox.parent.mkdir(parents=True)
    with closing(Outbox(outbox)) as waiting:
        waiting.add([Delivery(0, "1", "event", json.dumps({"name": who}).encode(), 0.0) for who in (name, "Ada")])
    before = {path for path in traced(box, name) if path.suffix == ".sqlite3"}
    assert before >= {outbox, box.gallery.folder / ".recognizer" / "gallery.sqlite3"}
    enrol(app, {"Ada": ["a"]})
    syncing.sync(box, model=MODEL)
    assert traced(box, name) == []
    assert names(box) == ["Ada"]
    with closing(Outbox(outbox)) as waiting:
        assert len(waiting) == 2
    syncing.sync(box, model=MODEL)  # deleted already
    assert traced(box, name) == []


def traced(box: Settings, name: str) -> list[Path]:
    """Files of a box in which a name stands, whatever they are."""
    files = (path for path in box.gallery.folder.parent.rglob("*") if path.is_file())
    return [path for path in files if name.encode() in path.read_bytes()]


def test_thresholds_and_rejections_come_along_and_go(box: Settings, app: FastAPI) -> None:
    centre: Settings = app.state.services.settings
    calibration = build.site_calibration(centre)
    calibration.write_text(json.dumps({"known": 0.5}))
    see(centre, "Ada")
    with closing(open_or_create(centre)) as history:
        reject_track(history, 1)
    syncing.sync(box, model=MODEL)
    assert json.loads(build.site_calibration(box).read_text()) == {"known": 0.5}
    assert [each.person for each in rejections_of(box, MODEL)] == ["Ada"]
    calibration.unlink()
    syncing.sync(box, model=MODEL)
    assert not build.site_calibration(box).exists()
    assert len(rejections_of(box, MODEL)) == 1


def test_what_lasts_is_pushed_again_and_what_was_deleted_unpushed_is_counted(box: Settings, app: FastAPI) -> None:
    see(box, "Ada")
    syncing.sync(box, model=MODEL)
    see(box, "Ada", first=2)
    app.state.services.access.revoke("north")
    with pytest.raises(FleetError, match="was revoked"):
        syncing.sync(box, model=MODEL)
    with closing(open_or_create(box)) as history, history.writing() as connection:
        connection.exec_driver_sql("DELETE FROM tracks WHERE number = 2")
    with pytest.raises(FleetError, match="was revoked"):
        syncing.sync(box, model=MODEL)
    assert read_state(box.fleet_folder).lost == 1


def test_another_service_at_the_same_address_is_refused(box: Settings, app: FastAPI) -> None:
    secret = code(app, "south").partition(".")[0]
    other = load(None, {"gallery": {"folder": box.gallery.folder.parent / "south" / "gallery"}})
    with pytest.raises(FleetError, match="not the service that made the code"):
        syncing.join(other, ADDRESS, f"{secret}.AAAAAAAAAAAAAAAAAAAAAA")
    assert read_membership(other.fleet_folder) is None
    see(box, "Ada")
    app.state.services.fleet.key = b"\1" * 32
    with pytest.raises(FleetError, match="not signed"):
        syncing.sync(box, model=MODEL)
    assert names(app.state.services.settings) == []  # it gets no track either


def test_leaving_deletes_the_people_and_the_token(box: Settings) -> None:
    syncing.sync(box, model=MODEL)
    see(box, "Ada")
    syncing.leave(box)
    assert names(box) == ["Ada"]
    assert not len(load_enrolled(box.gallery.folder, may_be_empty=True))
    assert read_membership(box.fleet_folder) is None
    with pytest.raises(UsageError, match="no box"):
        syncing.sync(box, model=MODEL)


def test_a_machine_with_people_of_its_own_does_not_join(tmp_path: Path, app: FastAPI, wire: object) -> None:
    settings = load(None, {"gallery": {"folder": tmp_path / "own" / "gallery"}})
    (settings.gallery.folder / "Eve").mkdir(parents=True)
    with pytest.raises(PulledGalleryError, match="of its own"):
        syncing.join(settings, ADDRESS, code(app, "own"))


@pytest.mark.parametrize("address", ["http://10.0.0.8:8000", "ftp://x", "https://", "https://u:p@host", "host:8000"])
def test_addresses_that_are_refused(address: str) -> None:
    with pytest.raises(UsageError):
        fleet_client.service_address(address, plain_http=False)


def test_a_token_is_shown_by_no_message() -> None:
    assert "secret" not in repr(Membership(ADDRESS, "north", "secret", "key"))
