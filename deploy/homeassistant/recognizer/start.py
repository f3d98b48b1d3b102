"""Start of the add-on: writes the first settings file, and asks the Supervisor for the MQTT broker.

Everything later is changed on the page, which keeps comments and what you write into the file yourself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

DATA = Path(os.environ.get("RECOGNIZER_DATA", "/data"))
SUPERVISOR = os.environ.get("SUPERVISOR_ADDRESS", "http://supervisor")


def broker() -> dict[str, object] | None:
    """Ask the Supervisor for its broker; ``None`` where there is none."""
    request = urllib.request.Request(  # noqa: S310 - the Supervisor's fixed address
        f"{SUPERVISOR}/services/mqtt", headers={"Authorization": f"Bearer {os.environ.get('SUPERVISOR_TOKEN', '')}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            found: dict[str, object] = json.load(answer)["data"]
    except (OSError, ValueError, KeyError) as error:
        print(f"no MQTT broker: {error}", file=sys.stderr)
        return None
    return found


def first_settings(options: dict[str, object]) -> dict[str, object]:
    """Return the settings of the first start."""
    settings: dict[str, object] = {
        "gallery": {"folder": str(DATA / "gallery")},
        # the container's address; Home Assistant decides which port is open
        "serve": {"host": "0.0.0.0", "allowed_hosts": ["homeassistant.local", "homeassistant"]},  # noqa: S104
        "history": {"enabled": bool(options.get("history"))},
    }
    found = broker() if options.get("mqtt") else None
    if found is not None:
        password = DATA / "mqtt-password"
        password.touch(mode=0o600)
        password.write_text(f"{found.get('password', '')}\n", "utf-8")
        settings["mqtt"] = {
            "host": found["host"],
            "port": found["port"],
            "user": found.get("username"),
            "password_file": str(password),
            "tls": bool(found.get("ssl")),
        }
    return settings


def run(command: str, *arguments: str, quiet: bool = False) -> None:
    """Run a command of the program with the add-on's settings."""
    program = [sys.executable, "main.py", command, *arguments, "--config", str(DATA / "site.yaml")]
    subprocess.run(program, check=True, stdout=subprocess.DEVNULL if quiet else None)  # noqa: S603 - ourselves


def main() -> None:
    """Write the settings if there are none, then become the service."""
    site = DATA / "site.yaml"
    if not site.exists():
        options = json.loads((DATA / "options.json").read_text("utf-8"))
        (DATA / "gallery").mkdir(exist_ok=True)
        site.touch(mode=0o600)
        site.write_text(json.dumps(first_settings(options), indent=2) + "\n", "utf-8")  # JSON is YAML, too
        # the service wants a token before it listens to others; nobody gets to know this one, the link is for people
        run("serve", "token", "create", "first-start", "--scope", "admin", "--days", "0.01", quiet=True)
        run("serve", "login", "--host", "homeassistant.local", "--port", "8000")
    os.execv(sys.executable, [sys.executable, "main.py", "serve", "--config", str(site)])  # noqa: S606


if __name__ == "__main__":
    main()
