from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from recognizer.errors import ConfigError
from recognizer.integrations import broker_check
from recognizer.integrations.broker_check import check_broker
from recognizer.integrations.delivering import NotDeliveredError
from recognizer.integrations.mqtt_connection import Broker
from tests.integrations.conftest import Mosquitto
from tests.integrations.mqtt_client import Listener
from tests.rig import wait_for


def test_a_broker_takes_us_or_refuses_us(mosquitto: Mosquitto) -> None:
    broker = Broker(host="127.0.0.1", port=mosquitto.port, user="box", password="secret")  # noqa: S106 - of the test's own broker
    check_broker(broker)
    check_broker(replace(broker, version=4))
    with pytest.raises(NotDeliveredError, match="refused") as refused:
        check_broker(replace(broker, password="wrong-hunter2"))  # noqa: S106 - nobody's
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("version", [4, 5])
def test_a_test_message_arrives_and_is_not_retained(mosquitto: Mosquitto, version: int) -> None:
    listener = Listener(mosquitto)
    try:
        broker = Broker(host="127.0.0.1", port=mosquitto.port, user="box", password="secret", version=version)  # noqa: S106
        check_broker(broker, topic="recognizer/box/test")
        wait_for(lambda: listener.events("recognizer/box/test"), "the message is there")
        assert [message["kind"] for message in listener.events("recognizer/box/test")] == ["test"]
        assert [retained for _, _, retained in listener.messages] == [False]
    finally:
        listener.close()


def test_a_test_message_goes_over_tls(tls_mosquitto: Mosquitto) -> None:
    broker = Broker(
        host="127.0.0.1",
        port=tls_mosquitto.port,
        user="box",
        password="secret",  # noqa: S106 - of the test's own broker
        tls=True,
        ca_file=tls_mosquitto.certificate,
    )
    check_broker(broker, topic="recognizer/box/test")


def test_a_broker_that_hangs(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_check, "_PATIENCE_S", 0.3)
    mosquitto.freeze()
    with pytest.raises(NotDeliveredError, match="does not answer"):
        check_broker(Broker(host="127.0.0.1", port=mosquitto.port), topic="recognizer/box/test")
    mosquitto.stop(kill=True)


def test_a_server_that_is_no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_check, "_PATIENCE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(NotDeliveredError, match="does not answer"):
        check_broker(Broker(host="127.0.0.1", port=server.getsockname()[1]))


def test_certificates_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(ConfigError, match=r"mqtt\.ca_file"):
        check_broker(Broker(host="127.0.0.1", tls=True, ca_file=tmp_path / "ca.pem"))
