"""A service to test with: settings in a temporary folder, a fake recogniser, and clients with every scope."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI
from starlette.testclient import TestClient

from recognizer.app.config import Settings, load
from recognizer.serve.access.scopes import Scope
from recognizer.serve.access.store import AccessStore
from recognizer.serve.application import make_application
from recognizer.serve.dependencies import Services
from recognizer.serve.inference import Inference
from recognizer.serve.recogniser import Recogniser

HOST = "http://127.0.0.1:8000"


class FakeRecogniser:
    """Knows its model's fingerprint and nothing else."""

    model = "fake-00000000"

    def reload(self) -> None:
        """Do nothing: there is no gallery."""


def make_services(folder: Path, *, recogniser: object = None, **sections: dict[str, Any]) -> Services:
    """Make the services of an application whose gallery is ``folder/gallery``."""
    (folder / "gallery").mkdir(exist_ok=True)
    settings: Settings = load(None, {"gallery": {"folder": folder / "gallery"}, **sections})
    loaded = cast(Recogniser, recogniser or FakeRecogniser())
    return Services(
        settings=settings,
        access=AccessStore(settings.service_folder),
        inference=Inference(lambda: loaded),
    )


def client_of(app: FastAPI, *scopes: str, address: str = "127.0.0.1", host: str = HOST) -> TestClient:
    """Make a client with a token of these scopes; without any, an anonymous one."""
    client = TestClient(app, base_url=host, client=(address, 50000), raise_server_exceptions=False)
    if scopes:
        client.headers["authorization"] = f"Bearer {token(app, scopes)}"
    return client


def token(app: FastAPI, scopes: Iterable[str]) -> str:
    """Make a token with these scopes."""
    store: AccessStore = app.state.services.access
    name = f"test {len(store.tokens())}"
    return store.create_token(name, [Scope(scope).value for scope in scopes])


def make_app(folder: Path, **arguments: Any) -> FastAPI:
    """Make an application over ``make_services``."""
    return make_application(make_services(folder, **arguments))


def job_of(client: TestClient, path: str, body: dict[str, Any]) -> tuple[str, Any]:
    """Begin a job and wait for its end; returns its id and its result."""
    begun = client.post(path, json=body)
    assert begun.status_code == 202, begun.text
    services = cast(FastAPI, client.app).state.services
    services.jobs._threads.submit(lambda: None).result(100)
    job = client.get(f"/v1/jobs/{begun.json()['id']}").json()
    assert job["state"] == "done", job
    return str(job["id"]), job["result"]


def result_of(client: TestClient, path: str, body: dict[str, Any]) -> Any:
    """Begin a job, wait for its end and return its result."""
    return job_of(client, path, body)[1]
