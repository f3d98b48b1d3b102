"""Tokens and sessions over HTTP: made once, listed without secrets, revoked, ended."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from tests.serve.service import client_of


def test_a_token_is_made_shown_once_and_revoked(app: FastAPI) -> None:
    admin = client_of(app, "admin")
    made = admin.post("/v1/tokens", json={"name": "front/door", "scopes": ["read", "verify"], "days": 1})
    assert made.status_code == 201
    secret = made.json()["secret"]
    door = client_of(app)
    door.headers["authorization"] = f"Bearer {secret}"
    assert door.get("/v1/people").status_code == 200
    assert door.get("/v1/tokens").status_code == 403
    listed = admin.get("/v1/tokens")
    assert secret not in listed.text
    [found] = [each for each in listed.json()["tokens"] if each["name"] == "front/door"]
    assert (found["scopes"], found["expires_at"], found["sessions"]) == (
        ["read", "verify"],
        made.json()["expires_at"],
        0,
    )
    assert admin.delete("/v1/tokens/front/door").status_code == 204
    assert door.get("/v1/people").status_code == 401
    assert admin.delete("/v1/tokens/front/door").json()["error"]["code"] == "token_not_found"


def test_a_name_is_given_once(app: FastAPI) -> None:
    admin = client_of(app, "admin")
    assert admin.post("/v1/tokens", json={"name": "door", "scopes": ["read"]}).json()["expires_at"] is None
    again = admin.post("/v1/tokens", json={"name": "door", "scopes": ["admin"]})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "token_exists")


@pytest.mark.parametrize(
    "wanted",
    [
        {"name": "door", "scopes": []},
        {"name": "door", "scopes": ["root"]},
        {"name": " ", "scopes": ["read"]},
        {"name": "a\nb", "scopes": ["read"]},
        {"name": "door", "scopes": ["read"], "days": 0},
        {"name": "door", "scopes": ["read"], "days": 1e-300},  # expired before it could be shown
        {"name": "door", "scopes": ["read"], "secret": "mine"},
    ],
)
def test_tokens_that_cannot_be_made(app: FastAPI, wanted: dict[str, object]) -> None:
    answer = client_of(app, "admin").post("/v1/tokens", json=wanted)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


def test_sessions_are_listed_and_ended(app: FastAPI) -> None:
    store = app.state.services.access
    mine, other, third = client_of(app), client_of(app), client_of(app)
    assert mine.post("/v1/session", json={"secret": store.create_login()}).status_code == 200
    assert other.post("/v1/session", json={"secret": store.create_token("door", ["admin"])}).status_code == 200
    assert third.post("/v1/session", json={"secret": store.create_login()}).status_code == 200
    found = mine.get("/v1/sessions").json()["sessions"]
    assert [(each["name"], each["began_with"], each["current"]) for each in found] == [
        ("login link", "login_link", False),
        ("door", "token", False),
        ("login link", "login_link", True),
    ]
    assert [each["sessions"] for each in mine.get("/v1/tokens").json()["tokens"]] == [1]
    assert mine.delete(f"/v1/sessions/{found[0]['id']}").status_code == 204
    assert third.get("/v1/people").status_code == 401
    assert mine.delete(f"/v1/sessions/{found[0]['id']}").status_code == 404
    assert mine.delete("/v1/sessions").json() == {"ended": 1}
    assert (mine.get("/v1/people").status_code, other.get("/v1/people").status_code) == (200, 401)
    assert mine.delete("/v1/sessions?keep_current=false").json() == {"ended": 1}
    assert mine.get("/v1/people").status_code == 401
