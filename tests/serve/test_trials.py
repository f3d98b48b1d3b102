"""A real history, of the demonstration's clip: replay, enrol from a cluster, search, and what they lead to."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from recognizer.demo import demo_clip
from recognizer.demo.demo_clip import MEDIA
from tests.serve.service import client_of, job_of, result_of


@pytest.fixture
def client(past_app: FastAPI) -> TestClient:
    return client_of(past_app, "review")


def test_a_replay_with_nothing_changed_changes_nothing(client: TestClient) -> None:
    found = result_of(client, "/v1/replay", {})
    assert (found["changed"], found["changed_count"], found["not_reproduced"]) == ([], 0, 0)
    assert found["compared"] >= len(demo_clip.ENROLLED)


def test_a_replay_with_another_threshold_says_who_is_lost(client: TestClient) -> None:
    before = client.get("/v1/events").json()
    found = result_of(client, "/v1/replay", {"known": 0.99})
    named = {event["id"] for event in before["events"] if event["name"]}
    assert {change["track"] for change in found["changed"]} == named
    assert set(found["lost_names"]) == set(demo_clip.ENROLLED)
    assert client.get("/v1/events").json() == before


def test_a_replay_as_if_a_photo_were_not_there(client: TestClient) -> None:
    person = min(demo_clip.ENROLLED)
    photos = client.get(f"/v1/people/{person}/photos").json()["photos"]
    body = {"without_photos": [{"person_id": person, "file": photo["file"]} for photo in photos]}
    assert set(result_of(client, "/v1/replay", body)["lost_names"]) == {person}
    assert client.post("/v1/replay", json={"without_photos": [{"person_id": "?", "file": "1"}]}).status_code == 404


@pytest.mark.long
def test_a_stranger_is_named_offered_enrolled_and_taken_back(client: TestClient) -> None:
    stranger = max(client.get("/v1/unknowns").json()["unknowns"], key=lambda one: one["count"])
    assert stranger["best_crops"]
    path = f"/v1/unknowns/{stranger['id']}"
    assert client.post(f"{path}/name", json={"name": "The Stranger"}).status_code == 200
    preview = result_of(client, f"{path}/enrol", {})
    assert (preview["name"], preview["action_id"], preview["accepted"]) == ("The Stranger", None, [])
    assert "The Stranger" not in {person["name"] for person in client.get("/v1/people").json()["people"]}
    made = result_of(client, f"{path}/enrol", {"preview": False})
    assert bool(made["accepted"]) == any(photo["chosen"] for photo in preview["photos"])
    if made["action_id"] is not None:
        assert "The Stranger" in {person["name"] for person in client.get("/v1/people").json()["people"]}
        assert client.post(f"/v1/actions/{made['action_id']}/undo").status_code == 200
    assert "The Stranger" not in {person["name"] for person in client.get("/v1/people").json()["people"]}


def test_a_picture_finds_the_person(client: TestClient) -> None:
    photo = client.post("/v1/search", files={"image": (MEDIA / "barack_obama_2012.jpg").read_bytes()})
    assert photo.status_code == 200
    assert {hit["event"]["name"] for hit in photo.json()["hits"]} <= {"Barack Obama"}


def test_a_rejected_name_is_not_identified_again(client: TestClient) -> None:
    event = next(event for event in client.get("/v1/events?kind=recognised").json()["events"])
    assert event["person_id"] in demo_clip.ENROLLED
    assert client.post(f"/v1/tracks/{event['id']}/reject").json()["name"] == event["name"]
    crop = client.get(event["crop_url"]).content
    faces = client.post("/v1/identify", files={"image": crop}).json()["faces"]
    assert all(face["name"] != event["name"] for face in faces)


def test_a_replay_is_applied_once_and_taken_back(client: TestClient) -> None:
    before = client.get("/v1/events").json()["events"]
    named = {event["id"] for event in before if event["name"]}
    begun, found = job_of(client, "/v1/replay", {"known": 0.99})
    applied = client.post(f"/v1/replay/{begun}/apply")
    assert applied.status_code == 200, applied.text
    assert (applied.json()["tracks"], applied.json()["unchanged"]) == (found["changed_count"], 0) == (len(named), 0)
    assert {event["name"] for event in client.get("/v1/events").json()["events"]} == {None}
    again = client.post(f"/v1/replay/{begun}/apply")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "already_applied")
    assert client.post(f"/v1/actions/{applied.json()['action_id']}/undo").status_code == 200
    assert client.get("/v1/events").json()["events"] == before


def test_only_a_finished_replay_is_applied(client: TestClient) -> None:
    assert client.post("/v1/replay/0123456789abcdef/apply").json()["error"]["code"] == "job_not_found"
    other = client.app.state.services.jobs.start("enrol", lambda job: None)  # type: ignore[attr-defined]
    answer = client.post(f"/v1/replay/{other.id}/apply")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_finished")
