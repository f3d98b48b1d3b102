"""People who are hidden, and people who are deleted with or without their past."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from recognizer.demo.demo_clip import MEDIA
from recognizer.history.actions import list_actions
from tests.serve.past_tracks import open_past
from tests.serve.service import client_of

OBAMA, COLLINS = "Barack Obama", "Eileen Collins"


@pytest.fixture
def client(past_app: FastAPI) -> TestClient:
    return client_of(past_app, "admin")


def listed(client: TestClient, query: str = "") -> list[str]:
    return [person["name"] for person in client.get(f"/v1/people{query}").json()["people"]]


def test_a_hidden_person_is_recognised_and_listed_when_asked_for(client: TestClient) -> None:
    assert client.patch(f"/v1/people/{OBAMA}", json={"hidden": True}).json()["hidden"] is True
    assert listed(client) == [COLLINS]
    assert listed(client, "?hidden=true") == [OBAMA, COLLINS]
    assert client.get("/v1/people").json()["hidden_count"] == 1
    assert client.get(f"/v1/people/{OBAMA}").json()["hidden"] is True
    faces = client.post("/v1/identify", files={"image": (MEDIA / "barack_obama_2012.jpg").read_bytes()}).json()["faces"]
    assert faces[0]["name"] == OBAMA
    assert OBAMA in {event["name"] for event in client.get("/v1/events").json()["events"]}
    assert client.patch(f"/v1/people/{OBAMA}", json={"hidden": False}).json()["hidden"] is False
    assert listed(client) == [OBAMA, COLLINS]


def test_hidden_goes_with_a_new_name(client: TestClient) -> None:
    changed = client.patch(f"/v1/people/{OBAMA}", json={"name": "44", "hidden": True}).json()
    assert (changed["name"], changed["hidden"]) == ("44", True)
    assert client.get("/v1/people/44").json()["hidden"] is True


def test_merging_a_hidden_person_hides_nobody_and_undoing_hides_them_again(client: TestClient) -> None:
    client.patch(f"/v1/people/{OBAMA}", json={"hidden": True})
    made = client.post("/v1/people/merge", json={"from": OBAMA, "into": COLLINS})
    assert made.status_code == 200, made.text
    assert (listed(client), listed(client, "?hidden=true")) == ([COLLINS], [COLLINS])
    assert client.post(f"/v1/actions/{made.json()['action_id']}/undo").status_code == 200
    assert (listed(client), listed(client, "?hidden=true")) == ([COLLINS], [OBAMA, COLLINS])


def test_a_deleted_person_stays_in_the_past(client: TestClient) -> None:
    assert client.delete(f"/v1/people/{OBAMA}").status_code == 204
    names = {(event["name"], event["person_id"]) for event in client.get("/v1/events").json()["events"]}
    assert (OBAMA, None) in names


def test_a_deleted_person_is_forgotten_if_wanted(client: TestClient, past_app: FastAPI) -> None:
    track = next(event["id"] for event in client.get("/v1/events").json()["events"] if event["name"] == OBAMA)
    client.post(f"/v1/tracks/{track}/reject")
    begun = client.delete(f"/v1/people/{OBAMA}?forget_history=true")
    assert (begun.status_code, begun.json()["kind"]) == (202, "forget")
    past_app.state.services.jobs._threads.submit(lambda: None).result(60)
    job = client.get(f"/v1/jobs/{begun.json()['id']}").json()
    assert (job["state"], job["result"]["backups"]) == ("done", [])
    assert job["result"]["tracks_deleted"] >= 1
    assert client_of(past_app, "review").get(f"/v1/jobs/{begun.json()['id']}").status_code == 403
    events = client.get("/v1/events").text
    assert OBAMA not in events
    assert COLLINS in events
    assert listed(client, "?hidden=true") == [COLLINS]
    history = open_past(past_app)
    assert OBAMA not in str(list_actions(history, limit=10))
    history.close()


def test_without_a_history_nobody_is_deleted_by_halves(real_app: FastAPI) -> None:
    client = client_of(real_app, "admin")
    photo = (MEDIA / "grace_hopper.jpg").read_bytes()
    assert client.post("/v1/people", data={"name": "Grace"}, files={"photos": photo}).status_code == 201
    refused = client.delete("/v1/people/Grace?forget_history=true")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "history_off")
    assert listed(client) == ["Grace"]
