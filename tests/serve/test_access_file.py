"""The file of tokens and logins on a full disk, damaged, or held by another process: a message, never a bug."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from fastapi import FastAPI

from recognizer.errors import ConfigError
from recognizer.serve.access.store import FILE_NAME, AccessStore
from tests.serve.service import client_of


def fill(store: AccessStore) -> None:
    for number in range(1000):
        store.create_token(f"{number} {'x' * 80}", ["read"])


def test_a_disk_without_room(tmp_path: Path) -> None:
    """As SQLite sees it: the file may have no further page."""
    store = AccessStore(tmp_path / "service")
    store.create_token("door", ["read"])
    store._database.execute("PRAGMA max_page_count = 1")
    with pytest.raises(ConfigError, match=r"cannot be used \(database or disk is full\); free some space"):
        fill(store)
    assert "door" in {token.name for token in store.tokens()}


def test_a_damaged_file_names_the_way_out(tmp_path: Path) -> None:
    store = AccessStore(tmp_path / "service")
    store.create_token("door", ["read"])
    path = tmp_path / "service" / FILE_NAME
    data = bytearray(path.read_bytes())
    for at in range(4096, len(data), 16):  # all pages but the first, which holds the schema
        data[at] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(ConfigError, match="move it away"):
        AccessStore(tmp_path / "service").tokens()


def test_a_scope_that_nobody_knows_counts_for_nothing(tmp_path: Path) -> None:
    store = AccessStore(tmp_path / "service")
    secret = store.create_token("door", ["read", "review"])
    with sqlite3.connect(tmp_path / "service" / FILE_NAME) as database:
        database.execute("UPDATE secrets SET scopes = 'read sdmin'")
    found = store.principal(secret, kind="token")
    assert found is not None
    assert [scope.value for scope in found.scopes] == ["read"]


def test_a_request_gets_the_message_also_before_its_route(app: FastAPI) -> None:
    client = client_of(app, "read")
    app.state.services.access._database.execute("DROP TABLE secrets")
    answer = client.get("/v1/people")
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "configuration"
    assert "tokens and logins" in answer.json()["error"]["message"]
