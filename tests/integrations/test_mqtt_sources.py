"""What the broker keeps of sources that an earlier run had."""

from __future__ import annotations

from pathlib import Path

import pytest

from recognizer.integrations.mqtt_commands import Controls
from tests.integrations.conftest import Mosquitto
from tests.integrations.mqtt_client import Listener, kept, seen, sink
from tests.rig import wait_for

CONTROLS = Controls(pause=lambda source, on: None)


def about(broker: Mosquitto, source: str) -> set[str]:
    """Topics of a source that the broker keeps."""
    return {topic for topic in kept(broker) if f"/{source}/" in topic or f"_{source}/" in topic}


@pytest.mark.long
def test_a_source_that_is_removed_leaves_nothing_at_the_broker(
    mosquitto: Mosquitto, listener: Listener, tmp_path: Path
) -> None:
    with sink(mosquitto, tmp_path / "box", faces=True, controls=CONTROLS, sources=["entrance", "yard"]) as output:
        wait_for(lambda: listener.newest("homeassistant/device/recognizer_den_yard/config"), "the yard is announced")
        output.emit(seen("Ada"))
    assert len(about(mosquitto, "entrance")) == 5
    with sink(mosquitto, tmp_path / "box", controls=CONTROLS, sources=["yard"]):
        wait_for(lambda: not about(mosquitto, "entrance"), "all of it is emptied")
        wait_for(lambda: len(about(mosquitto, "yard")) == 4, "the yard stays")


@pytest.mark.long
def test_people_who_are_called_like_topics_are_no_sources(mosquitto: Mosquitto, tmp_path: Path) -> None:
    people = ["status", "face"]
    with sink(mosquitto, tmp_path / "box", people=lambda: people) as output:
        wait_for(lambda: output.connection.connected, "connected")
    with sink(mosquitto, tmp_path / "box", people=lambda: people, sources=["yard"]):
        wait_for(lambda: not about(mosquitto, "entrance"), "what the run before had is emptied")
        assert {"recognizer/den/person/status", "recognizer/den/person/face"} <= set(kept(mosquitto))
