"""Every failure has one form."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import Depends, FastAPI

from recognizer.errors import GalleryBusyError, ImageError, ModelError
from recognizer.serve.access.scopes import open_to_all
from recognizer.serve.errors import ServiceError
from tests.serve.service import client_of


def failing(app: FastAPI, error: Exception) -> Any:
    @app.get("/fails", dependencies=[Depends(open_to_all)])
    def fails() -> None:
        raise error

    return client_of(app).get("/fails")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("PUT", "/healthz", 405, "method_not_allowed"),
        ("GET", "/page/nowhere.js", 404, "not_found"),
        ("GET", "/page/../../../etc/passwd", 404, "not_found"),
        ("POST", "/v1/session", 422, "invalid_request"),
        ("GET", "/v1/jobs", 401, "unauthorized"),
    ],
)
def test_the_frameworks_errors(app: FastAPI, method: str, path: str, status: int, code: str) -> None:
    answer = client_of(app).request(method, path)
    assert answer.status_code == status
    document = answer.json()
    assert set(document) == {"error", "request_id"}
    assert set(document["error"]) == {"code", "message", "details"}
    assert document["error"]["code"] == code
    assert document["request_id"] == answer.headers["x-request-id"]


def test_a_wrong_method_gets_the_right_ones(app: FastAPI) -> None:
    assert client_of(app).put("/v1/people/Ada").headers["allow"] == "DELETE, GET, PATCH"


@pytest.mark.parametrize(
    "body", [b'{"secret": "a", "more": 1}', b'{"secret": NaN}', b'{"secret": "a"', b"[]", b'{"secret": ""}', b"\xff"]
)
def test_bodies_that_are_refused(app: FastAPI, body: bytes) -> None:
    answer = client_of(app).post("/v1/session", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.json()["error"]["code"] in {"bad_request", "invalid_request"}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ImageError("a.jpg: damaged."), 422, "invalid_image"),
        (GalleryBusyError("busy"), 409, "gallery_busy"),
        (ModelError("gone"), 503, "model_unavailable"),
        (ServiceError(415, "unsupported_media_type", "HEIC"), 415, "unsupported_media_type"),
    ],
)
def test_errors_of_the_recogniser(app: FastAPI, error: Exception, status: int, code: str) -> None:
    answer = failing(app, error)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_bug_says_nothing_of_itself(app: FastAPI, logged_warnings: list[str]) -> None:
    answer = failing(app, ZeroDivisionError("rtsp://admin:secret@camera"))
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert any(answer.json()["request_id"] in line for line in logged_warnings)


def test_every_answer_carries_the_policies(app: FastAPI) -> None:
    for path in ("/", "/nowhere", "/page/login.js", "/v1/jobs", "/docs"):
        headers = client_of(app).get(path).headers
        assert "script-src 'self';" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
