"""A fleet over HTTP: join, pull what changed, push what was seen, be revoked."""

from __future__ import annotations

import base64
import datetime as dt
import json
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from recognizer.app.fleet import signing
from recognizer.app.history import open_or_create
from recognizer.errors import FleetError, GalleryError
from recognizer.gallery import schema
from recognizer.history.records import Seen, Selection
from recognizer.history.tracks import list_tracks
from recognizer.serve.fleet import boxes, feed
from recognizer.serve.fleet.store import FleetStore
from tests.gallery.records import MODEL
from tests.serve.enrolled import enrol
from tests.serve.service import client_of, make_app

NONCE = "0123456789abcdef"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[FastAPI]:
    made = make_app(tmp_path, history={"enabled": True})
    yield made
    made.state.services.close()


def join(app: FastAPI, name: str = "north") -> TestClient:
    services = app.state.services
    code = boxes.invite(services.access, services.fleet, name).partition(".")[0]
    answer = client_of(app).post("/v1/fleet/join", json={"code": code, "nonce": NONCE})
    assert answer.status_code == 200, answer.text
    box = client_of(app)
    box.headers["authorization"] = f"Bearer {answer.json()['token']}"
    return box


def pull(box: TestClient, since: str | None = None) -> Any:
    answer = box.get("/v1/fleet/gallery", params={"nonce": NONCE} | ({"since": since} if since else {}))
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(document: Any) -> set[str]:
    return {person["name"] for person in document["people"]}


def line(number: int, person: str | None, *, frames: int = 10, source: str = "door") -> bytes:
    at = dt.datetime(2027, 3, 1, 12, number, tzinfo=dt.UTC).isoformat()
    run = {"began": "2027-03-01T11:00:00+00:00", "model": MODEL, "known": 0.4, "margin": 0.1}
    track = {"run": run, "source": source, "number": number, "began": at, "ended": at, "at_s": 1.0, "frames": frames}
    track |= {"status": "known" if person else "unknown", "person": person, "given": None, "nearest": person}
    track |= {"similarity": 0.6, "margin": 0.3, "reasons": [], "corrected": False, "cluster": None, "samples": []}
    return as_text(track)


def as_text(track: Any) -> bytes:
    return json.dumps(track).encode() + b"\n"


def push(box: TestClient, *lines: bytes) -> Any:
    answer = box.post("/v1/fleet/tracks", files={"tracks": ("tracks.jsonl", b"".join(lines))})
    assert answer.status_code == 200, answer.text
    return answer.json()


def seen(app: FastAPI) -> list[Seen]:
    with closing(open_or_create(app.state.services.settings)) as history:
        return list_tracks(history, Selection())


def test_a_code_is_good_once_and_for_the_service_that_made_it(app: FastAPI) -> None:
    services = app.state.services
    code, _, fingerprint = boxes.invite(services.access, services.fleet, "north").partition(".")
    anybody = client_of(app)
    joined = anybody.post("/v1/fleet/join", json={"code": code, "nonce": NONCE})
    key = base64.b64decode(joined.json()["key"])
    assert signing.fingerprint(key) == fingerprint
    signing.verify(key, NONCE, joined.content, joined.headers[signing.HEADER])
    for nonce, body in ((NONCE[::-1], joined.content), (NONCE, joined.content + b" ")):
        with pytest.raises(FleetError, match="not signed"):
            signing.verify(key, nonce, body, joined.headers[signing.HEADER])
    assert anybody.post("/v1/fleet/join", json={"code": code, "nonce": NONCE}).status_code == 401


def test_codes_cannot_be_guessed_at_leisure(app: FastAPI) -> None:
    answers = [client_of(app).post("/v1/fleet/join", json={"code": "x", "nonce": NONCE}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]


def test_a_box_gets_only_what_changed(app: FastAPI) -> None:
    enrol(app, {"Ada": ["a"], "Bob": ["bb"]})
    box = join(app)
    first = pull(box)
    assert (names(first), first["full"], first["model"]) == ({"Ada", "Bob"}, True, MODEL)
    nothing = pull(box, first["cursor"])
    assert (nothing["people"], nothing["gone"], nothing["cursor"]) == ([], [], first["cursor"])
    enrol(app, {"Ada": ["a", "aaa"], "Cleo": ["cccc"]})
    then = pull(box, first["cursor"])
    assert (names(then), then["gone"], then["full"], then["more"]) == ({"Ada", "Cleo"}, ["Bob"], False, False)
    assert names(pull(box, "lost.7")) == {"Ada", "Cleo"}


def test_a_large_gallery_comes_in_parts(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PAGE", 2)
    enrol(app, {name: [name] for name in ("Ada", "Bob", "Cleo", "Dora", "Eve")})
    box, found, since, parts = join(app), set[str](), None, 0
    while True:
        part = pull(box, since)
        assert part["full"]
        found, since, parts = found | names(part), part["cursor"], parts + 1
        if not part["more"]:
            break
    assert (found, parts) == ({"Ada", "Bob", "Cleo", "Dora", "Eve"}, 4)
    assert not pull(box, since)["full"]


def test_nobody_is_gone_because_a_gallery_is_away(app: FastAPI) -> None:
    enrol(app, {"Ada": ["a"]})
    box = join(app)
    cursor = pull(box)["cursor"]
    gallery = app.state.services.settings.gallery.folder
    gallery.rename(gallery.with_name("elsewhere"))
    assert box.get("/v1/fleet/gallery", params={"nonce": NONCE, "since": cursor}).status_code == 409
    gallery.with_name("elsewhere").rename(gallery)
    assert pull(box, cursor)["gone"] == []


def test_what_is_pushed_twice_is_there_once(app: FastAPI) -> None:
    enrol(app, {"Ada": ["a"]})
    north, south = join(app), join(app, "south")
    tracks = [line(1, "Ada"), line(2, None)]
    assert push(north, *tracks) == {"added": 2, "updated": 0, "forgotten": 0, "refused": []}
    assert push(north, *tracks, line(3, "Ada"))["added"] == 1
    assert push(south, *tracks)["added"] == 2
    push(north, line(2, "Ada", frames=99))
    there = sorted((track.source, str(track.person), track.frames) for track in seen(app))
    known = [("north/door", "Ada", 10), ("north/door", "Ada", 10), ("north/door", "Ada", 99)]
    assert there == [*known, ("south/door", "Ada", 10), ("south/door", "None", 10)]
    assert [box.tracks for box in boxes.boxes(app.state.services.access, app.state.services.fleet)] == [3, 2]


def test_nobody_comes_back_who_was_deleted_and_who_was_renamed_has_the_new_name(app: FastAPI) -> None:
    enrol(app, {"Ada": ["a"], "Bob": ["bb"]})
    box = join(app)
    pull(box)
    enrol(app, {"Ada Lovelace": ["a"]})
    pull(box)
    assert push(box, line(1, "Ada"), line(2, "Bob"))["forgotten"] == 1
    assert [track.person for track in seen(app)] == ["Ada Lovelace"]


def test_a_damaged_line_keeps_no_other_back(app: FastAPI) -> None:
    answer = push(join(app), line(1, "Ada"), b"{}\n", line(2, "Ada"))
    assert (answer["added"], [number for number, _ in answer["refused"]]) == (2, [1])


def test_a_revoked_box_gets_nothing(app: FastAPI) -> None:
    enrol(app, {"Ada": ["a"]})
    box, admin = join(app), client_of(app, "admin")
    assert box.get("/v1/people").status_code == 403
    assert admin.get("/v1/fleet/gallery", params={"nonce": NONCE}).status_code == 403
    assert admin.delete("/v1/fleet/boxes/north").status_code == 204
    assert box.get("/v1/fleet/gallery", params={"nonce": NONCE}).status_code == 401
    assert box.post("/v1/fleet/tracks", files={"tracks": ("t", line(1, "Ada"))}).status_code == 401
    [found] = admin.get("/v1/fleet/boxes").json()["boxes"]
    assert (found["name"], found["state"]) == ("north", "revoked")
    assert admin.delete("/v1/fleet/boxes/north").json()["error"]["code"] == "box_not_found"


def test_a_box_is_invited_over_http_and_other_tokens_are_no_boxes(app: FastAPI) -> None:
    admin = client_of(app, "admin")
    made = admin.post("/v1/fleet/boxes", json={"name": "north"})
    assert made.status_code == 201
    assert [box["state"] for box in admin.get("/v1/fleet/boxes").json()["boxes"]] == ["invited"]
    app.state.services.access.create_token("reader", ["read"])
    assert admin.post("/v1/fleet/boxes", json={"name": "reader"}).json()["error"]["code"] == "box_exists"
    assert admin.delete("/v1/fleet/boxes/reader").status_code == 404
    assert admin.post("/v1/fleet/boxes", json={"name": "a/b"}).status_code == 422


def test_a_box_is_behind_by_what_it_has_not_pulled(app: FastAPI) -> None:
    enrol(app, {"Ada": ["a"], "Bob": ["bb"]})
    box, admin = join(app), client_of(app, "admin")

    def behind() -> Any:
        return admin.get("/v1/fleet/boxes").json()["boxes"][0]["behind"]

    pull(box, pull(box)["cursor"])
    assert behind() == 0
    for photos in (["a", "aaa"], ["a", "aaaa"], ["a", "aaaaa"]):  # one person, three times; nobody has asked since
        enrol(app, {"Ada": photos, "Bob": ["bb"]})
        assert behind() == 1
    cursor = pull(box)["cursor"]
    enrol(app, {"Bob": ["bb"]})
    pull(box, cursor)
    assert behind() == 1
    admin.delete("/v1/fleet/boxes/north")
    assert behind() is None


def test_a_box_between_two_parts_has_applied_none(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PAGE", 2)
    enrol(app, {name: [name] for name in ("Ada", "Bob", "Cleo")})
    box, admin = join(app), client_of(app, "admin")
    pull(box, pull(box)["cursor"])
    assert admin.get("/v1/fleet/boxes").json()["boxes"][0]["behind"] == 6  # and model, calibration, rejections


def test_a_token_of_a_box_is_revoked_whatever_else_it_is_good_for(app: FastAPI) -> None:
    enrol(app, {"Ada": ["a"]})
    secret = app.state.services.access.create_token("both", ["box", "read"])
    both, admin = client_of(app), client_of(app, "admin")
    both.headers["authorization"] = f"Bearer {secret}"
    pull(both)
    assert [box["state"] for box in admin.get("/v1/fleet/boxes").json()["boxes"]] == ["joined"]
    assert admin.delete("/v1/fleet/boxes/both").status_code == 204
    assert both.get("/v1/fleet/gallery", params={"nonce": NONCE}).status_code == 401


def test_an_answer_is_of_one_moment(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    enrol(app, {"Ada": ["a"], "Bob": ["bb"]})
    monkeypatch.setattr(schema, "WAIT_S", 0.1)
    box, writing = join(app), threading.Event()
    changes = FleetStore.changes

    def renamed(store: FleetStore, after: int, limit: int) -> Any:
        """Somebody is renamed by another process after the changes were numbered, before vectors are read."""
        if not writing.is_set():
            writing.set()
            with suppress(GalleryError):  # it waits for the reader, and gives up
                enrol(app, {"Ada Lovelace": ["a"], "Bob": ["bb"]})
        return changes(store, after, limit)

    monkeypatch.setattr(FleetStore, "changes", renamed)
    first = pull(box)
    assert names(first) == {"Ada", "Bob"}
