"""A test message to a real broker."""

from __future__ import annotations

import json
from typing import Any

from recognizer.integrations.mqtt_trial import publish_test
from tests.integrations.conftest import Mosquitto
from tests.integrations.mqtt_client import Listener
from tests.rig import wait_for


def say(broker: Mosquitto, **changes: Any) -> str | None:
    values = {"user": "box", "password": "secret", "tls": broker.certificate is not None, "version": 5, **changes}
    return publish_test("127.0.0.1", broker.port, topic="recognizer/box/test", ca_file=broker.certificate, **values)


def test_the_broker_takes_it(mosquitto: Mosquitto) -> None:
    listener = Listener(mosquitto)
    try:
        assert [say(mosquitto), say(mosquitto, version=4)] == [None, None]
        wait_for(lambda: len(listener.events("recognizer/box/test")) == 2, "both messages are there")
        assert {message["kind"] for message in listener.events("recognizer/box/test")} == {"test"}
        assert json.dumps([retained for _, _, retained in listener.messages]) == "[false, false]"
    finally:
        listener.close()


def test_over_tls(tls_mosquitto: Mosquitto) -> None:
    assert say(tls_mosquitto) is None


def test_a_wrong_password_is_refused_and_not_shown(mosquitto: Mosquitto) -> None:
    problem = str(say(mosquitto, **{"password": "wr0ng"}))
    assert "refuses the connection" in problem
    assert "wr0ng" not in problem


def test_a_broker_that_does_not_answer(mosquitto: Mosquitto) -> None:
    mosquitto.freeze()
    assert "does not answer" in str(say(mosquitto, timeout_s=0.3))
    mosquitto.stop(kill=True)
