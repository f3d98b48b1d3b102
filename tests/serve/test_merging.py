"""Merging and renaming people, in the gallery and in the history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from recognizer.demo.demo_clip import MEDIA
from recognizer.history.keyed import open_with_key
from recognizer.serve.recogniser import Recogniser
from tests.serve.service import client_of, make_app


@pytest.fixture
def kept_app(tmp_path: Path, recogniser: Recogniser) -> Iterator[FastAPI]:
    """An application with an empty gallery and an empty history."""
    open_with_key(tmp_path / "history", None, create=True).close()
    made = make_app(
        tmp_path, recogniser=recogniser, embed={"model": "edgeface_xxs_own"}, history={"folder": tmp_path / "history"}
    )
    recogniser.settings = made.state.services.settings
    recogniser.reload()
    yield made
    made.state.services.close()


def people(app: FastAPI) -> dict[str, int]:
    return {each["id"]: each["accepted"] for each in client_of(app, "read").get("/v1/people").json()["people"]}


def add(app: FastAPI, name: str, picture: str) -> None:
    photos = {"photos": (MEDIA / f"{picture}.jpg").read_bytes()}
    assert client_of(app, "review").post("/v1/people", data={"name": name}, files=photos).status_code == 201


def test_two_people_become_one_and_two_again(kept_app: FastAPI) -> None:
    client = client_of(kept_app, "review")
    add(kept_app, "Obama", "barack_obama_2009")
    add(kept_app, "Barack", "barack_obama_2012")
    merged = client.post("/v1/people/merge", json={"from": "Obama", "into": "Barack"})
    assert merged.status_code == 200, merged.text
    assert people(kept_app) == {"Barack": 2}
    assert client.post(f"/v1/actions/{merged.json()['action_id']}/undo").status_code == 200
    assert people(kept_app) == {"Barack": 1, "Obama": 1}


def test_what_cannot_be_merged(kept_app: FastAPI) -> None:
    client = client_of(kept_app, "review")
    add(kept_app, "Obama", "barack_obama_2009")
    for body, status in (
        ({"from": "Obama", "into": "Obama"}, 422),
        ({"from": "Obama", "into": "Nobody"}, 404),
        ({"from": "Nobody", "into": "Obama"}, 404),
        ({"from": "../service", "into": "Obama"}, 404),
        ({"from": "Obama"}, 422),
    ):
        assert client.post("/v1/people/merge", json=body).status_code == status, body
    assert people(kept_app) == {"Obama": 1}


def test_without_a_history_nobody_is_merged(app: FastAPI) -> None:
    without = client_of(app, "review").post("/v1/people/merge", json={"from": "a", "into": "b"})
    assert without.json()["error"]["code"] == "history_off"


def test_a_new_name_is_an_action_that_can_be_undone(kept_app: FastAPI) -> None:
    client = client_of(kept_app, "review")
    add(kept_app, "Obama", "barack_obama_2009")
    assert client.patch("/v1/people/Obama", json={"name": "Barack"}).json()["id"] == "Barack"
    [action] = client.get("/v1/actions").json()["actions"]
    assert client.post(f"/v1/actions/{action['id']}/undo").status_code == 200
    assert people(kept_app) == {"Obama": 1}
