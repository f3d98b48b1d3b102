"""The add-on: its files, and its start with a Supervisor that this test plays over HTTP."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from recognizer import __version__
from recognizer.app.config import load
from recognizer.serve.access.store import AccessStore
from tests.conftest import ROOT

ADDON = ROOT / "deploy" / "homeassistant" / "recognizer"
TYPES: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "version": str,
    "slug": str,
    "description": str,
    "arch": list,
    "startup": str,
    "boot": str,
    "init": bool,
    "services": list,
    "ports": dict,
    "ports_description": dict,
    "webui": str,
    "watchdog": str,
    "map": list,
    "video": bool,
    "options": dict,
    "schema": dict,
}
"""Keys of an add-on's config.yaml that are used here, with their types, from Home Assistant's developer documentation
("App configuration")."""


def config() -> dict[str, Any]:
    return dict(yaml.safe_load((ADDON / "config.yaml").read_text("utf-8")))


def test_the_configuration_has_the_documented_keys() -> None:
    found = config()
    assert {"name", "version", "slug", "description", "arch"} <= set(found), "required"
    assert {key: type(value) for key, value in found.items() if not isinstance(value, TYPES.get(key, ()))} == {}
    assert found["version"] == __version__
    assert set(found["arch"]) <= {"aarch64", "amd64", "armhf", "armv7", "i386"}
    assert found["startup"] in {"initialize", "system", "services", "application", "once"}
    assert set(found["options"]) == set(found["schema"])


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_option_is_explained(language: str) -> None:
    words = yaml.safe_load((ADDON / "translations" / f"{language}.yaml").read_text("utf-8"))
    assert set(words["configuration"]) == set(config()["options"])
    assert set(words["network"]) == set(config()["ports"])


def test_the_packed_folder_has_all_that_its_dockerfile_copies(tmp_path: Path) -> None:
    folder = tmp_path / "addons" / "recognizer"
    subprocess.run([str(ADDON.parent / "pack"), str(folder)], check=True)
    lines = [line.split()[1:-1] for line in (folder / "Dockerfile").read_text("utf-8").splitlines() if "COPY" in line]
    names = [name for line in lines for name in line]
    assert "start.py" in names
    assert [name for name in names if not (folder / name).exists()] == []
    assert not list(folder.rglob("__pycache__"))


class _Supervisor(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert self.headers["Authorization"] == "Bearer the-token"
        assert self.path == "/services/mqtt"
        data = {"host": "core-mosquitto", "port": 1883, "ssl": False, "username": "addons", "password": "secret"}
        body = json.dumps({"result": "ok", "data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def supervisor() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Supervisor) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, supervisor: str) -> ModuleType:
    monkeypatch.setenv("RECOGNIZER_DATA", str(tmp_path))
    monkeypatch.setenv("SUPERVISOR_ADDRESS", supervisor)
    monkeypatch.setenv("SUPERVISOR_TOKEN", "the-token")
    monkeypatch.chdir(ROOT)
    spec = importlib.util.spec_from_file_location("addon_start", ADDON / "start.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.long
def test_the_first_start_makes_settings_that_the_service_takes(
    start: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    became: list[list[str]] = []
    monkeypatch.setattr("os.execv", lambda program, arguments: became.append(arguments[1:]))
    (tmp_path / "options.json").write_text('{"mqtt": true, "history": true}', "utf-8")
    start.main()
    settings = load(tmp_path / "site.yaml")
    assert (settings.mqtt.host, settings.mqtt.user, settings.mqtt.discovery) == (
        "core-mosquitto",
        "addons",
        "homeassistant",
    )
    assert (settings.mqtt.password_file or Path()).read_text("utf-8") == "secret\n"
    assert (tmp_path / "mqtt-password").stat().st_mode & 0o077 == 0
    assert settings.history.enabled
    assert AccessStore(settings.service_folder).tokens(), "without a token it would not listen"
    printed = capfd.readouterr().out
    assert "http://homeassistant.local:8000/login" in printed
    assert "secret" not in printed
    assert became == [["main.py", "serve", "--config", str(tmp_path / "site.yaml")]]

    (tmp_path / "site.yaml").write_text("serve: {port: 9}  # mine\n", "utf-8")
    start.main()
    assert (tmp_path / "site.yaml").read_text("utf-8") == "serve: {port: 9}  # mine\n"


def test_without_a_broker_it_starts_too(
    start: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(start, "SUPERVISOR", "http://127.0.0.1:9")
    assert start.first_settings({"mqtt": True, "history": False}).keys() == {"gallery", "serve", "history"}
    assert "no MQTT broker" in capfd.readouterr().err
