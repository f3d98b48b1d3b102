"""Secrets and addresses of the sinks for other systems."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from pydantic import SecretStr

from recognizer.app.config import Settings
from recognizer.app.integration_sections import Webhook
from recognizer.app.integrations import make_integrations, webhook_address
from recognizer.app.secret import secret
from recognizer.cli.webhook import new_secret
from recognizer.clock import WallClock
from recognizer.errors import ConfigError
from recognizer.integrations.run_figures import RunFigures
from recognizer.integrations.webhook import WebhookSink

ADDRESS = SecretStr("https://example.org/${HOOK}")


def test_a_secret_comes_from_a_variable_or_the_first_line_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKER", "of the variable")
    file = tmp_path / "secret"
    file.write_text("of the file\r\nsecond line\n", newline="")
    assert secret("BROKER", None, key="mqtt.password") == "of the variable"
    assert secret(None, file, key="mqtt.password") == "of the file"
    assert secret(None, None, key="mqtt.password") is None


def test_a_secret_that_is_not_there_is_refused_by_its_key(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    with pytest.raises(ConfigError, match=r"^mqtt\.password_env: the environment variable NO_SUCH is not set"):
        secret("NO_SUCH", None, key="mqtt.password")
    with pytest.raises(ConfigError, match=r"^mqtt\.password_file: \S+secret cannot be read \(no such file"):
        secret(None, file, key="mqtt.password")
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"^mqtt\.password_file: \S+secret cannot be read \(it is no text\)"):
        secret(None, file, key="mqtt.password")
    file.write_text("\nsecond line\n")
    with pytest.raises(ConfigError, match=r"^mqtt\.password_file: \S+secret is empty; its first line is the secret"):
        secret(None, file, key="mqtt.password")


def test_the_address_of_a_webhook_may_hold_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "k3y")
    assert webhook_address(Webhook(address=ADDRESS)) == "https://example.org/k3y"
    monkeypatch.delenv("HOOK")
    with pytest.raises(ConfigError, match="variable HOOK is not set"):
        webhook_address(Webhook(address=ADDRESS))


def made(folder: Path, *addresses: str) -> list[WebhookSink]:
    (folder / "key").write_text(new_secret() + "\n")
    hooks = [{"address": address, "secret_file": folder / "key"} for address in addresses]
    settings = Settings.model_validate({"webhooks": hooks, "integrations": {"folder": folder / "integrations"}})
    sinks = make_integrations(
        settings, ["yard"], live=set(), people=list, dropped={}, model="m", engine="e", stop=threading.Event()
    )
    return [sink for sink in sinks if isinstance(sink, WebhookSink)]


def test_each_webhook_has_figures_of_its_own(tmp_path: Path) -> None:
    """Prometheus drops the second of two series with the same labels."""
    sinks = made(tmp_path, "https://a.example/one", "https://b.example/", "https://a.example/two")
    names = [sink.deliveries.name for sink in sinks]
    assert names == ["webhook a.example", "webhook b.example", "webhook a.example 2"]
    text = RunFigures(
        times=WallClock(live=False), dropped=dict, deliveries=[sink.deliveries for sink in sinks]
    ).exposition()
    series = [line.rsplit(b" ", 1)[0] for line in text.splitlines() if not line.startswith(b"#")]
    assert len(set(series)) == len(series)


def test_an_address_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^webhooks: two have the same address, on a\.example: name it once"):
        made(tmp_path, "https://a.example/one?key=s3cret", "https://a.example/one?key=s3cret")
