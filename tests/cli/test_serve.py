"""python main.py serve ...: tokens, login links, and addresses that are refused."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import typer

from recognizer.children import PROJECT
from recognizer.cli import _console, serve
from recognizer.serve.access.scopes import Scope
from recognizer.serve.access.store import AccessStore


def run(*arguments: str | Path) -> int:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.add_typer(serve.app, name="serve")
    return _console.guarded(app, ["serve", *map(str, arguments)])


def test_a_token_is_made_listed_and_revoked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = ("--gallery", tmp_path / "gallery")
    assert run("token", "create", "door", "--scope", "read", "--scope", "verify", "--days", "2", *place) == 0
    secret = capsys.readouterr().out.strip()
    assert run("token", "list", "--json", *place) == 0
    listed = capsys.readouterr().out
    [token] = json.loads(listed)["tokens"]
    assert (token["name"], token["scopes"]) == ("door", ["read", "verify"])
    assert token["expires_at"] > token["created_at"]
    assert secret not in listed
    store = AccessStore(tmp_path / "service")
    found = store.principal(secret, kind="token")
    assert found is not None
    assert found.scopes == {Scope.READ, Scope.VERIFY}
    assert run("token", "revoke", "door", *place) == 0
    assert store.principal(secret, kind="token") is None
    store.close()
    assert run("token", "revoke", "door", *place) == 2
    assert "serve token list" in capsys.readouterr().err


def test_a_login_link_names_the_address(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("login", "--gallery", tmp_path / "gallery", "--host", "192.168.1.7", "--port", "8100") == 0
    printed = capsys.readouterr().out
    assert "http://192.168.1.7:8100/login#frl_" in printed
    store = AccessStore(tmp_path / "service")
    assert store.log_in(printed.strip().partition("#")[2]) is not None
    store.close()


def test_a_login_link_names_where_the_service_listens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It was started with --port; the link need not say so again."""
    store = AccessStore(tmp_path / "service")
    store.remember_address("http://127.0.0.1:8123")
    store.close()
    assert run("login", "--gallery", tmp_path / "gallery") == 0
    assert "http://127.0.0.1:8123/login#frl_" in capsys.readouterr().out
    assert run("login", "--gallery", tmp_path / "gallery", "--port", "8100") == 0
    assert "http://127.0.0.1:8100/login#frl_" in capsys.readouterr().out


def test_another_address_needs_a_token_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for host in ("0.0.0.0", "::", "192.168.1.7", "cameras.example"):  # noqa: S104
        assert run("--api-only", "--gallery", tmp_path / "gallery", "--host", host) == 2
        assert "serve token create" in capsys.readouterr().err


def test_a_port_that_is_taken_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert run("--api-only", "--gallery", tmp_path / "gallery", "--port", str(port)) == 2
    assert f"127.0.0.1 port {port} cannot be listened on" in " ".join(capsys.readouterr().err.split())


def test_half_of_a_certificate_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "site.yaml").write_text(f"serve: {{port: 0, tls_key: {tmp_path}/key.pem}}")
    assert run("--api-only", "--gallery", tmp_path / "gallery", "--config", tmp_path / "site.yaml") == 2
    assert "tls_certificate and tls_key" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.parametrize("output", ["> /dev/full", ">&-"])
def test_a_service_without_an_output_serves(tmp_path: Path, output: str) -> None:
    """The disk of its log may be full when it is started again."""
    (tmp_path / "gallery").mkdir()
    words = f'exec "$0" main.py serve --api-only --port 0 --gallery "$1" --model edgeface_xxs_own {output}'
    command = ["sh", "-c", words, sys.executable, str(tmp_path / "gallery")]
    with subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "Listening on" in line)
        port = int(line.partition(";")[0].rpartition(":")[2])
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60) as answer:
            assert answer.status == 200
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 0
