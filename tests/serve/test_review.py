"""Routes that correct what was seen; two clients may do so at once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from recognizer.demo.demo_clip import MEDIA
from tests.conftest import ROOT
from tests.history.history_records import near, record, unit
from tests.serve.past_tracks import NOW, save, visits
from tests.serve.service import client_of

NAMES = ["<script>alert(1)", "\"'&<b>", "עדה לאבלייס", "a" * 255]


@pytest.fixture
def app(real_app: FastAPI) -> FastAPI:
    save(real_app, *visits())
    return real_app


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return client_of(app, "review")


def unknowns(client: TestClient, **wanted: Any) -> list[tuple[int, list[int]]]:
    answer = client.get("/v1/unknowns", params=wanted)
    assert answer.status_code == 200, answer.text
    assert not answer.json()["updating"]
    return [(one["id"], one["track_ids"]) for one in answer.json()["unknowns"]]


def post(client: TestClient, path: str, body: object = None) -> Any:
    answer = client.post(path, json=body) if body is not None else client.post(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_unknown_people_are_listed_with_crops_and_the_nearest_person(app: FastAPI, client: TestClient) -> None:
    assert unknowns(client) == [(1, [1, 3, 4]), (2, [2, 5])]
    courier = client.get("/v1/unknowns?limit=1").json()["unknowns"][0]
    assert (courier["count"], courier["sources"], courier["suggestion"]["name"]) == (3, ["door"], "Ada")
    assert len(courier["best_crops"]) == 3
    assert client.get(courier["best_crops"][0]["url"]).headers["content-type"] == "image/jpeg"
    save(app, record(50, person=None, began=NOW, vectors=(near(unit(2), 0.7, 21),)))
    assert unknowns(client) == [(2, [2, 5, 7]), (1, [1, 3, 4])]
    more = client.get("/v1/unknowns?limit=1").json()["next"]
    assert [key for key, _ in unknowns(client, limit=1, after=more)] == [1]


@pytest.mark.parametrize("name", NAMES)
def test_naming_and_undoing(client: TestClient, name: str) -> None:
    unknowns(client)
    action = post(client, "/v1/unknowns/1/name", {"name": name})["action_id"]
    named = client.get("/v1/events", params={"name": name}).json()["events"]
    assert [(event["id"], event["status"], event["name"]) for event in named] == [
        (key, "named later", name) for key in (4, 3, 1)
    ]
    assert client.get("/v1/actions").json()["actions"][0]["id"] == action
    assert post(client, f"/v1/actions/{action}/undo")["action_id"] == action
    assert unknowns(client) == [(1, [1, 3, 4]), (2, [2, 5])]
    again = client.post(f"/v1/actions/{action}/undo")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "conflict")


@pytest.mark.parametrize("name", ["", "a/b", "a\\u0000b", "a" * 256, "\\ud800"])
def test_names_that_are_none(client: TestClient, name: str) -> None:
    unknowns(client)
    body = f'{{"name": "{name}"}}'
    answer = client.post("/v1/unknowns/1/name", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) in {(422, "invalid_name"), (422, "invalid_request")}
    assert client.get("/v1/actions").json()["actions"] == []


def test_of_two_clients_that_name_at_once_one_wins(app: FastAPI, client: TestClient) -> None:
    unknowns(client)
    clients = {name: client_of(app, "review") for name in ("Ada", "Bob")}
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda name: clients[name].post("/v1/unknowns/1/name", json={"name": name}), clients))
    assert sorted(answer.status_code for answer in found) == [200, 409]
    [lost] = [answer for answer in found if answer.status_code == 409]
    assert "was named" in lost.json()["error"]["message"]
    assert len(client.get("/v1/actions").json()["actions"]) == 1


def test_merging_splitting_and_what_depends_on_it(client: TestClient) -> None:
    unknowns(client)
    merged = post(client, "/v1/unknowns/merge", {"into": 1, "others": [2]})["action_id"]
    assert unknowns(client) == [(1, [1, 2, 3, 4, 5])]
    gone = client.post("/v1/unknowns/2/ignore")
    assert (gone.status_code, gone.json()["error"]["code"]) == (409, "conflict")
    made = post(client, "/v1/unknowns/1/split", {"track_ids": [2]})
    assert unknowns(client) == [(1, [1, 3, 4, 5]), (made["unknown_id"], [2])]
    refused = client.post(f"/v1/actions/{merged}/undo")
    assert (refused.status_code, refused.json()["error"]["details"]) == (409, {"later_action": made["action_id"]})
    post(client, f"/v1/actions/{made['action_id']}/undo")
    post(client, f"/v1/actions/{merged}/undo")
    assert unknowns(client) == [(1, [1, 3, 4]), (2, [2, 5])]
    assert client.post("/v1/unknowns/1/split", json={"track_ids": [2]}).status_code == 409
    assert client.post("/v1/unknowns/merge", json={"into": 1, "others": [1]}).status_code == 422


@pytest.mark.parametrize(("verb", "state"), [("ignore", "ignored"), ("discard", "discarded")])
def test_a_cluster_is_put_aside_once(client: TestClient, verb: str, state: str) -> None:
    unknowns(client)
    post(client, f"/v1/unknowns/2/{verb}")
    assert client.post(f"/v1/unknowns/2/{verb}").status_code == 409
    assert unknowns(client, state=state) == [(2, [2, 5])]
    assert unknowns(client) == [(1, [1, 3, 4])]


@pytest.mark.parametrize("path", ["/v1/unknowns/99/ignore", "/v1/actions/99/undo", "/v1/tracks/99/reject"])
def test_what_is_not_there(client: TestClient, path: str) -> None:
    unknowns(client)
    answer = client.post(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_a_rejection_is_counted(client: TestClient) -> None:
    made = post(client, "/v1/tracks/6/reject")
    assert (made["name"], round(made["similarity"], 2)) == ("Ada", 0.61)
    assert client.get("/v1/tracks/6").json()["status"] == "unknown"
    assert client.post("/v1/tracks/6/reject").status_code == 409
    trust = client.get("/v1/trust").json()
    counted = trust["counted"]
    assert (counted["named"], counted["strangers"], counted["rejected"]) == (1, 6, 1)
    assert counted["rejected_per_camera_month"] == round(1 / (2 * 30) * 30.4, 4)
    shipped = json.loads((ROOT / "recognizer/models/data/calibration/edgeface_xxs_own.json").read_text("utf-8"))
    assert (trust["basis"], trust["thresholds"]["known"]) == ("model", pytest.approx(shipped["known"], abs=1e-3))
    post(client, f"/v1/actions/{made['action_id']}/undo")
    assert client.get("/v1/trust").json()["counted"]["rejected"] == 0


def test_searching_by_a_track_and_by_a_picture(client: TestClient) -> None:
    found = client.post("/v1/search?track_id=1").json()
    assert [hit["event"]["id"] for hit in found["hits"]] == [1, 3, 4]
    assert client.post("/v1/search?track_id=1&source=yard").json()["hits"] == []
    picture = (MEDIA / "grace_hopper.jpg").read_bytes()
    nobody = client.post("/v1/search", files={"image": picture})
    assert (nobody.status_code, nobody.json()["hits"]) == (200, [])
    assert client.post("/v1/search").status_code == 422
    assert client.post("/v1/search", files={"image": b"no picture"}).json()["error"]["code"] == "invalid_image"


@pytest.mark.parametrize(
    "path",
    ["unknowns/1/name", "unknowns/1/ignore", "unknowns/1/split", "unknowns/merge", "tracks/6/reject", "actions/1/undo"],
)
def test_reading_is_not_correcting(app: FastAPI, path: str) -> None:
    assert client_of(app, "read").post(f"/v1/{path}", json={}).status_code == 403
    assert client_of(app, "verify").get("/v1/events").status_code == 403
