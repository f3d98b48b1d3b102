"""Secrets and addresses of the sinks for other systems."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from recognizer.app.integration_sections import Webhook
from recognizer.app.integrations import webhook_address
from recognizer.app.secret import secret
from recognizer.errors import ConfigError

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
