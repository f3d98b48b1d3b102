"""What gets events: listed without secrets, tried, added and removed in the settings file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from recognizer.app.config import load
from recognizer.integrations.webhook import secret_bytes, signature
from tests.rig import serving
from tests.serve.live_site import Site
from tests.serve.service import client_of

FILE = """# ours
mqtt: {host: 127.0.0.1, port: 1, user: me, password_env: BROKER_PASSWORD}
webhooks:
  # the chat
  - {address: "https://user:pass@chat.example/services/T0/B0/s3cret?key=k3y", secret_env: CHAT_SECRET}
"""
PATH = "/v1/settings/targets"


class _Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((dict(self.headers), body))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), _Receiver)
    server.got, server.status = [], 204  # type: ignore[attr-defined]
    with serving(server):
        yield server


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("BROKER_PASSWORD", "br0ker")
    monkeypatch.setenv("CHAT_SECRET", "whsec_" + "A" * 43 + "=")
    return Site(tmp_path, settings=FILE)


def test_targets_are_listed_without_secrets(site: Site) -> None:
    answer = client_of(site.app, "admin").get(PATH)
    for secret in ("user", "pass", "s3cret", "k3y", "br0ker", "whsec"):
        assert secret not in answer.text.replace("has_secret", "")
    mqtt, chat = answer.json()["targets"]
    assert (mqtt["id"], mqtt["kind"], mqtt["has_secret"], mqtt["can_remove"]) == ("mqtt", "mqtt", True, False)
    assert mqtt["address"].startswith("mqtt://127.0.0.1:1/recognizer/")
    assert (chat["kind"], chat["address"], chat["can_remove"]) == ("webhook", "https://chat.example/...", True)


def test_a_webhook_is_added_tried_and_removed(site: Site, tmp_path: Path, receiver: HTTPServer) -> None:
    client = client_of(site.app, "admin")
    address = f"http://127.0.0.1:{receiver.server_port}/events"
    added = client.post(PATH, json={"address": address, "kinds": ["recognised"], "allow_private": True})
    assert added.status_code == 201, added.text
    secret, place = added.json()["secret"], f"{PATH}/{added.json()['id']}"
    text = (tmp_path / "site.yaml").read_text()
    assert "# the chat" in text
    assert secret not in text
    webhook = load(tmp_path / "site.yaml").webhooks[1]
    assert (webhook.kinds, webhook.private_hosts) == (("recognised",), ("127.0.0.1",))
    assert webhook.secret_file is not None
    assert webhook.secret_file.stat().st_mode & 0o077 == 0
    assert secret not in client.get(PATH).text
    assert client.post(f"{place}/test").json() == {"delivered": True, "message": "The receiver took the test message."}
    [(headers, body)] = receiver.got  # type: ignore[attr-defined]
    assert json.loads(body)["type"] == "recognizer.test"
    signed = signature([secret_bytes(secret)], headers["webhook-id"], int(headers["webhook-timestamp"]), body)
    assert headers["webhook-signature"] == signed
    receiver.status = 404  # type: ignore[attr-defined]
    refused = client.post(f"{place}/test").json()
    assert (refused["delivered"], "answered 404" in refused["message"]) == (False, True)
    assert client.post(PATH, json={"address": address, "allow_private": True}).status_code == 422  # there already
    left = client.delete(place).json()["targets"]
    assert [each["kind"] for each in left] == ["mqtt", "webhook"]
    assert not webhook.secret_file.exists()
    assert (tmp_path / "site.yaml").read_text() == FILE
    assert client.delete(place).json()["error"]["code"] == "target_not_found"


def test_the_local_network_is_reached_only_if_allowed(site: Site, receiver: HTTPServer) -> None:
    client = client_of(site.app, "admin")
    added = client.post(PATH, json={"address": f"http://127.0.0.1:{receiver.server_port}/"}).json()
    answer = client.post(f"{PATH}/{added['id']}/test").json()
    assert answer["delivered"] is False
    assert "private_hosts" in answer["message"]
    assert not receiver.got  # type: ignore[attr-defined]


def test_a_notification_target_is_tried_and_its_address_stays_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, receiver: HTTPServer
) -> None:
    monkeypatch.setenv("PHONE", f"json://user:h1dden@127.0.0.1:{receiver.server_port}/T0PIC")
    receiver.status = 200  # type: ignore[attr-defined]
    site = Site(tmp_path, settings="notify: {targets: [{name: my phone, address_env: PHONE}]}\n")
    client = client_of(site.app, "admin")
    [target] = client.get(PATH).json()["targets"]
    assert (target["kind"], target["address"], target["can_remove"]) == ("notify", "my phone", False)
    answer = client.post(f"{PATH}/{target['id']}/test").json()
    assert answer["delivered"], answer
    [(_, body)] = receiver.got  # type: ignore[attr-defined]
    assert "test message" in json.loads(body)["message"]
    receiver.status = 404  # type: ignore[attr-defined]
    refused = client.post(f"{PATH}/{target['id']}/test")
    assert not refused.json()["delivered"]
    assert "h1dden" not in refused.text
    assert "T0PIC" not in refused.text


def test_a_broker_that_is_not_there_says_so(site: Site) -> None:
    answer = client_of(site.app, "admin").post(f"{PATH}/mqtt/test").json()
    assert (answer["delivered"], "127.0.0.1:1" in answer["message"]) == (False, True)
    assert "br0ker" not in answer["message"]


@pytest.mark.parametrize(
    "wanted",
    [
        {"address": "rtsp://192.0.2.1/"},
        {"address": "http://169.254.169.254/"},
        {"address": "https://chat.example/${HOME}"},
        {"address": "https://chat.example/", "kinds": ["rained"]},
        {"address": "https://chat.example/", "secret_file": "/etc/passwd"},
    ],
)
def test_wrong_webhooks_are_refused_and_nothing_is_written(
    site: Site, tmp_path: Path, wanted: dict[str, object]
) -> None:
    answer = client_of(site.app, "admin").post(PATH, json=wanted)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request"), answer.text
    assert (tmp_path / "site.yaml").read_text() == FILE
    assert not list((tmp_path / "service").glob("secrets/*"))


def test_the_broker_is_removed_in_the_file_only(site: Site) -> None:
    answer = client_of(site.app, "admin").delete(f"{PATH}/mqtt")
    assert answer.status_code == 422
    assert client_of(site.app, "admin").post(f"{PATH}/nothing/test").status_code == 404
