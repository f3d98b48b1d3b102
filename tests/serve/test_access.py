"""Who may call what: every route of the application, tokens, sessions, hosts and origins."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Mount

from recognizer.app.config import load
from recognizer.errors import ConfigError, UsageError
from recognizer.serve.access.scopes import INCLUDES, Scope, needed_by, require
from recognizer.serve.access.store import LOGIN_S, AccessStore
from recognizer.serve.web import require_protection
from tests.serve.service import client_of, make_app

OPEN = {
    "/",
    "/login",
    "/v1/fleet/join",
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/docs",
    "/v1/session",
    "/page",  # static files
}


def test_every_route_refuses_without_its_scope(app: FastAPI) -> None:
    """Whatever a router says, and the routes that say nothing."""
    clients = {scope: client_of(app, scope.value) for scope in Scope}
    nobody = client_of(app, address="192.0.2.7", host="http://localhost:8000")
    walked = 0
    for route in app.router.routes:
        needed = needed_by(route)
        if not needed:
            assert getattr(route, "path", "") in OPEN
            continue
        assert isinstance(route, APIRoute)
        for method in route.methods or ():
            path = route.path_format.replace("{", "").replace("}", "")
            if needed != {Scope.VERIFY}:  # which everybody on this machine has
                assert nobody.request(method, path).status_code == 401, path
            for scope, client in clients.items():
                if not all(each in INCLUDES[scope] for each in needed):
                    assert client.request(method, path).status_code == 403, (path, scope)
            walked += 1
    assert walked >= 3


def test_a_route_that_says_nothing_needs_admin(app: FastAPI) -> None:
    @app.get("/forgotten")
    def forgotten() -> str:
        return "secret"

    assert client_of(app).get("/forgotten").status_code == 401
    assert client_of(app, "review").get("/forgotten").status_code == 403
    assert client_of(app, "admin").get("/forgotten").json() == "secret"


def test_a_body_is_not_read_before_access_is_decided(app: FastAPI) -> None:
    @app.post("/upload", dependencies=[Depends(require("review"))])
    def upload(body: dict[str, str]) -> None: ...

    answer = client_of(app).post("/upload", content=b"no json", headers={"content-type": "application/json"})
    assert answer.status_code == 401


def test_only_static_files_are_mounted_open(app: FastAPI) -> None:
    mounts = [route for route in app.router.routes if isinstance(route, Mount)]
    assert {mount.path for mount in mounts} == {"/page", "/docs"}


def test_a_revoked_token_ends_its_sessions(app: FastAPI) -> None:
    store: AccessStore = app.state.services.access
    secret = store.create_token("door", ["read"])
    browser = client_of(app)
    assert browser.post("/v1/session", json={"secret": secret}).json() == {"name": "door", "scopes": ["read"]}
    cookie = browser.cookies.jar
    assert [(each.has_nonstandard_attr("HttpOnly"), each.get_nonstandard_attr("SameSite")) for each in cookie] == [
        (True, "strict")
    ]
    assert browser.get("/v1/jobs").status_code == 200
    assert store.revoke("door")
    assert browser.get("/v1/jobs").status_code == 401
    assert client_of(app).get("/v1/jobs", headers={"authorization": f"Bearer {secret}"}).status_code == 401


def test_a_login_link_works_once_and_for_a_quarter_of_an_hour(tmp_path: Path) -> None:
    now = [1000.0]
    store = AccessStore(tmp_path / "service", clock=lambda: now[0])
    code, late = store.create_login(), store.create_login()
    assert store.log_in(code) is not None
    assert store.log_in(code) is None
    now[0] += LOGIN_S
    assert store.log_in(late) is None
    store.close()


def test_a_token_that_has_expired_is_none_and_protects_no_address(tmp_path: Path) -> None:
    now = [1000.0]
    settings = load(None, {"gallery": {"folder": tmp_path / "gallery"}, "serve": {"host": "192.0.2.1"}})
    store = AccessStore(settings.service_folder, clock=lambda: now[0])
    store.create_token("door", ["admin"], days=1)
    require_protection(settings, store)
    now[0] += 24 * 3600
    assert store.tokens() == []
    with pytest.raises(ConfigError, match="no token yet"):
        require_protection(settings, store)
    store.close()


def test_secrets_are_not_in_the_file(tmp_path: Path) -> None:
    store = AccessStore(tmp_path / "service")
    secret = store.create_token("door", ["read"])
    store.close()
    [file] = (tmp_path / "service").iterdir()
    assert secret.encode() not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


def test_a_folder_that_others_can_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "service").mkdir(mode=0o755)
    with pytest.raises(ConfigError, match="chmod 700"):
        AccessStore(tmp_path / "service")


@pytest.mark.parametrize(("name", "scopes"), [("door", []), ("door", ["root"]), ("", ["read"]), ("taken", ["read"])])
def test_tokens_that_cannot_be_made(tmp_path: Path, name: str, scopes: list[str]) -> None:
    store = AccessStore(tmp_path / "service")
    store.create_token("taken", ["read"])
    with pytest.raises(UsageError):
        store.create_token(name, scopes)
    store.close()


def test_logging_in_is_limited(app: FastAPI) -> None:
    browser = client_of(app)
    for _ in range(5):
        assert browser.post("/v1/session", json={"secret": "guess"}).status_code == 401
    refused = browser.post("/v1/session", json={"secret": "guess"})
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert client_of(app, address="127.0.0.2").post("/v1/session", json={"secret": "guess"}).status_code == 401


def test_logging_out_ends_the_session(app: FastAPI) -> None:
    browser = client_of(app)
    browser.post("/v1/session", json={"secret": app.state.services.access.create_login()})
    kept = dict(browser.cookies)
    assert browser.get("/v1/session").json()["scopes"] == ["admin", "read", "review", "verify"]
    assert browser.delete("/v1/session").status_code == 204
    browser.cookies.update(kept)
    assert browser.get("/v1/jobs").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "192.168.1.7:8000"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "evil.example@127.0.0.1"},
        {"host": ""},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9000"},
        {"origin": "https://127.0.0.1:8000/evil", "host": "127.0.0.1:8001"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"},
    ],
)
def test_other_hosts_and_origins_are_refused(app: FastAPI, headers: dict[str, str]) -> None:
    answer = client_of(app, "admin").get("/v1/jobs", headers=headers)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] in {"host_not_allowed", "origin_not_allowed"}


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "LOCALHOST:8000"},
        {"host": "[::1]:8000"},
        {"origin": "http://127.0.0.1:8000"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
        {"sec-fetch-site": "same-origin"},
    ],
)
def test_own_names_and_pages_are_answered(app: FastAPI, headers: dict[str, str]) -> None:
    assert client_of(app, "admin").get("/v1/jobs", headers=headers).status_code == 200


def test_on_another_address_nobody_is_let_in_without_a_token(tmp_path: Path) -> None:
    app = make_app(tmp_path, serve={"host": "0.0.0.0", "allowed_hosts": ["cameras.example"]})  # noqa: S104
    for host in ("192.168.1.7:8000", "cameras.example"):
        assert client_of(app).get("/v1/session", headers={"host": host}).json()["scopes"] == []
    assert client_of(app).get("/v1/session", headers={"host": "evil.example"}).status_code == 403
    app.state.services.close()
