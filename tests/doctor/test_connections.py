from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from recognizer.app import config
from recognizer.app.config import Settings
from recognizer.app.history import open_or_create
from recognizer.doctor import connections
from recognizer.doctor.finding import Finding, State, guarded
from tests.ports import free_port

HOOK = {"secret_env": "HOOK"}


@contextmanager
def listening(body: bytes) -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def port_finding(section: str, port: int) -> Finding:
    settings = config.load(None, {section: {"port": port}})
    subject = "serve" if section == "serve" else "metrics"
    return next(each for each in connections.check_ports(settings) if each.subject == subject)


@pytest.mark.parametrize(("section", "ours"), [("serve", b'{"status":"ok"}'), ("metrics", b"recognizer_build_info 1")])
def test_ports(section: str, ours: bytes) -> None:
    assert port_finding(section, free_port()).state is State.OK
    with listening(ours) as port:
        assert "of this program" in port_finding(section, port).message
        assert port_finding(section, port).state is State.OK
    with listening(b"another program") as port:
        assert port_finding(section, port).state is State.BROKEN


def webhook_finding(**options: Any) -> Finding:
    settings = config.load(None, {})
    settings = settings.model_validate({"webhooks": [options]})
    (finding,) = guarded("webhook", "webhook 1", lambda: connections.check_webhook(settings.webhooks[0]))
    return finding


def test_webhooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "whsec_" + "A" * 32)
    with listening(b"") as port:
        address = f"http://user:hunter2@127.0.0.1:{port}/hook"
        assert webhook_finding(address=address, **HOOK, private_hosts=["127.0.0.1"]).state is State.OK
        refused = webhook_finding(address=address, **HOOK)
        assert refused.state is State.BROKEN
        assert "private_hosts" in refused.message
        assert "NOPE is not set" in webhook_finding(address=address, **{"secret_env": "NOPE"}).message
        assert "hunter2" not in str(refused)
    gone = webhook_finding(address=address, **HOOK, private_hosts=["127.0.0.1"])
    assert (gone.state, gone.subject) == (State.BROKEN, f"127.0.0.1:{port}")


def test_the_history(tmp_path: Path) -> None:
    settings = config.load(None, {"history": {"enabled": True, "folder": tmp_path / "history"}})
    (finding,) = connections.check_history(settings)
    assert (finding.state, "will be made" in finding.message) == (State.OK, True)
    assert not (tmp_path / "history").exists()
    open_or_create(settings).close()
    (finding,) = connections.check_history(settings)
    assert (finding.state, finding.message) == (State.OK, "it can be read")
    file = next((tmp_path / "history").glob("*.sqlite3"))
    file.write_bytes(b"no database" * 1000)
    (finding,) = guarded("database", "history", lambda: connections.check_history(settings))
    assert finding.state is State.BROKEN


def test_a_history_that_is_off() -> None:
    (finding,) = connections.check_history(config.load())
    assert finding.state is State.OFF


def test_a_broker_that_is_not_there() -> None:
    settings = config.load(None, {"mqtt": {"host": "127.0.0.1", "port": free_port()}})
    (finding,) = connections.check_mqtt(settings)
    assert finding.state is State.BROKEN
    assert "refused" in finding.message
    assert finding.remedy


def test_targets_of_notifications(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPIC", "hunter2")
    for address, state, words in (
        ("ntfys://${TOPIC}", State.OK, "'notify test phone' sends a message"),
        ("ntfys://${NO_TOPIC}", State.BROKEN, "NO_TOPIC is not set"),
        ("nonsense://hunter2", State.BROKEN, "none that Apprise knows"),
    ):
        settings = Settings.model_validate({"notify": {"targets": [{"name": "phone", "address": address}]}})
        (finding,) = guarded(
            "notify", "phone", partial(connections.check_target, settings.notify.targets[0]), "see the list"
        )
        assert finding.state is state
        assert words in finding.message
        assert "hunter2" not in str(finding)


@pytest.mark.parametrize(
    ("rule", "state", "words"),
    [
        ({"to": "mqtt"}, State.BROKEN, "sends to mqtt, but mqtt.host is not set"),
        ({"to": "webhooks"}, State.BROKEN, "sends to webhooks, but there are no webhooks"),
        ({"to": "phone", "where": "attic"}, State.WARNING, "no such camera: 'night' names 'attic'"),
        ({"to": "phone", "where": "yard"}, State.OK, "1 rule"),
    ],
)
def test_rules(rule: dict[str, str], state: State, words: str) -> None:
    targets = [{"name": "phone", "address": "json://localhost"}]
    values = {"source": {"location": "0", "name": "yard"}}
    settings = Settings.model_validate({**values, "notify": {"targets": targets, "rules": [{"name": "night", **rule}]}})
    (finding,) = guarded("notify", "rules", partial(connections.check_rules, settings))
    assert finding.state is state
    assert words in finding.message
