"""Behind a proxy that speaks TLS: its headers count, and those of others do not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from recognizer.app.config import load
from recognizer.errors import ConfigError
from tests.serve.service import client_of, make_app

FORWARDED = {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9"}


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[FastAPI]:
    made = make_app(
        tmp_path, serve={"trusted_proxies": ["127.0.0.1", "10.1.0.0/24"], "allowed_hosts": ["cameras.example"]}
    )
    yield made
    made.state.services.close()


def log_in(app: FastAPI, address: str, **headers: str) -> Any:
    secret = app.state.services.access.create_login()
    return client_of(app, address=address).post("/v1/session", json={"secret": secret}, headers=headers)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.0.7"])
def test_the_cookie_is_secure_behind_the_proxy(proxied: FastAPI, address: str) -> None:
    cookie = log_in(proxied, address, **FORWARDED, host="cameras.example").headers["set-cookie"]
    assert "Secure" in cookie
    assert "HttpOnly" in cookie


def test_a_proxy_without_tls_gets_no_secure_cookie(proxied: FastAPI) -> None:
    assert "Secure" not in log_in(proxied, "127.0.0.1", **{"x-forwarded-proto": "http"}).headers["set-cookie"]


def test_others_are_not_believed(proxied: FastAPI, app: FastAPI) -> None:
    assert "Secure" not in log_in(proxied, "10.2.0.7", **FORWARDED).headers["set-cookie"]
    assert "Secure" not in log_in(app, "127.0.0.1", **FORWARDED).headers["set-cookie"]  # no proxy is set


def test_a_client_of_the_proxy_is_not_on_this_machine(proxied: FastAPI) -> None:
    client = client_of(proxied)
    assert client.get("/v1/session").json()["scopes"] == ["verify"]
    assert client.get("/v1/session", headers=FORWARDED).json()["scopes"] == []


def test_failed_logins_are_counted_by_client(proxied: FastAPI) -> None:
    client = client_of(proxied)
    wrong = {"secret": "guess"}
    for _ in range(5):
        assert client.post("/v1/session", json=wrong, headers=FORWARDED).status_code == 401
    assert client.post("/v1/session", json=wrong, headers=FORWARDED).status_code == 429
    other = {**FORWARDED, "x-forwarded-for": "203.0.113.10"}
    assert client.post("/v1/session", json=wrong, headers=other).status_code == 401
    spoofed = {**FORWARDED, "x-forwarded-for": "203.0.113.11, 203.0.113.9"}  # the proxy appends the address it sees
    assert client.post("/v1/session", json=wrong, headers=spoofed).status_code == 429


@pytest.mark.parametrize("wrong", ["*", "0.0.0.0/0", "::/0", "proxy.example", "10.0.0.1/24"])
def test_only_addresses_are_trusted(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(f"serve: {{trusted_proxies: ['{wrong}']}}\n")
    with pytest.raises(ConfigError, match="trusted_proxies"):
        load(file)
