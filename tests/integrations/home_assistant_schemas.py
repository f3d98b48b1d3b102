"""Let Home Assistant's own MQTT integration read our discovery messages; run by its Python, not by ours.

    python -m venv ha && ha/bin/pip install homeassistant -c CONSTRAINTS
    RECOGNIZER_HOME_ASSISTANT=ha/bin/python pytest tests/integrations/test_home_assistant.py

CONSTRAINTS is ``homeassistant/package_constraints.txt`` of its wheel. It reads a JSON list of payloads.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import tempfile
from typing import Any


def check(payload: dict[str, Any]) -> str:
    """Validate a device and each of its components as Home Assistant does when it discovers them; say what it is."""
    discovery = importlib.import_module("homeassistant.components.mqtt.discovery")
    schemas = importlib.import_module("homeassistant.components.mqtt.schemas")
    found = discovery.MQTTDiscoveryPayload(payload)
    discovery._replace_all_abbreviations(found)
    schemas.DEVICE_DISCOVERY_SCHEMA(found)
    said = []
    for key, component in found["components"].items():
        platform = component.pop("platform")
        if component:
            component |= {"device": found["device"], "origin": found["origin"]}
            discovery._merge_common_device_options(component, found)
            importlib.import_module(f"homeassistant.components.mqtt.{platform}").DISCOVERY_SCHEMA(component)
        said.append(f"{key}: {platform}{'' if component else ', removed'}")
    return ", ".join(said)


async def main() -> None:
    """Check all; an invalid one ends with Home Assistant's error."""
    version = importlib.import_module("homeassistant.const").__version__
    with tempfile.TemporaryDirectory() as folder:
        importlib.import_module("homeassistant.core").HomeAssistant(folder)  # templates are checked by the one that is
    for payload in json.load(sys.stdin):
        print(f"Home Assistant {version} reads {payload['dev']['name']}: {check(payload)}")


if __name__ == "__main__":
    asyncio.run(main())
