"""A service and a box in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from recognizer.app.config import Settings, load
from recognizer.app.fleet import syncing
from tests.app.fleet.box import ADDRESS, code
from tests.serve.enrolled import enrol
from tests.serve.service import client_of, make_app


@pytest.fixture
def app(tmp_path: Path) -> Iterator[FastAPI]:
    (tmp_path / "centre").mkdir()
    made = make_app(tmp_path / "centre", history={"enabled": True})
    yield made
    made.state.services.close()


@pytest.fixture
def wire(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Requests of boxes reach the application; called with False, the line is cut."""
    up = [True]
    service = client_of(app)

    def handle(request: httpx.Request) -> httpx.Response:
        if not up[0]:
            raise httpx.ConnectError("cut off")
        kept = ("authorization", "content-type")
        headers = {name: value for name, value in request.headers.items() if name in kept}
        answer = service.request(request.method, str(request.url), content=request.read(), headers=headers)
        coming = httpx.ByteStream(answer.content)
        return httpx.Response(answer.status_code, headers=dict(answer.headers), stream=coming)

    real = httpx.Client

    def connected(**arguments: Any) -> httpx.Client:
        return real(transport=httpx.MockTransport(handle), **arguments)

    monkeypatch.setattr(httpx, "Client", connected)
    return lambda is_up: up.__setitem__(0, is_up)


@pytest.fixture
def box(tmp_path: Path, app: FastAPI, wire: object) -> Settings:
    enrol(app, {"Ada": ["a"], "Bob": ["bb"]})
    settings = load(None, {"gallery": {"folder": tmp_path / "box" / "gallery"}, "history": {"enabled": True}})
    syncing.join(settings, ADDRESS, code(app, "north"))
    return settings
