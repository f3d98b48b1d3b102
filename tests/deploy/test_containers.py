"""The container files name what exists; the unit files are what systemd takes."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
DOCKERFILES = [ROOT / "Dockerfile", DEPLOY / "Dockerfile.gpu"]
UNITS = sorted(DEPLOY.glob("*.service"))


def copied(dockerfile: Path) -> list[str]:
    """What a Dockerfile copies out of the build's folder."""
    lines = re.findall(r"^COPY (.+)$", dockerfile.read_text("utf-8"), re.MULTILINE)
    return [name for line in lines for name in line.split()[:-1]]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_what_is_copied_exists_and_is_not_ignored(dockerfile: Path) -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    names = copied(dockerfile)
    assert "recognizer" in names
    assert set(names) <= allowed
    assert all((ROOT / name).exists() for name in names)


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_the_container_is_not_root_and_says_how_it_is(dockerfile: Path) -> None:
    text = dockerfile.read_text("utf-8")
    assert text.index("\nUSER recognizer") < text.index("\nENTRYPOINT")
    health = re.search(r"HEALTHCHECK[^\n]*\\\n +CMD (\[.*\])", text)
    assert health is not None
    assert '"health"' in health[1]


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8")))


def test_the_files_that_compose_mounts_exist() -> None:
    mounted = [
        volume.split(":")[0]
        for service in compose()["services"].values()
        for volume in service.get("volumes", [])
        if volume.startswith("./") and not volume.startswith("./data:")
    ]
    assert len(mounted) >= 4
    assert [name for name in mounted if not (DEPLOY / name).exists()] == []


def test_compose_opens_ports_on_this_machine_only_and_locks_the_program_in() -> None:
    services = compose()["services"]
    assert set(services) == {"recognizer", "mosquitto", "database", "prometheus", "grafana"}
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    program = services["recognizer"]
    assert program["read_only"] is True
    assert program["cap_drop"] == ["ALL"]
    named = {
        volume.split(":")[0] for s in services.values() for volume in s.get("volumes", []) if volume[0] not in "./"
    }
    assert named == set(compose()["volumes"])


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_takes_the_units(unit: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze")
    text = unit.read_text("utf-8").replace("/opt/recognizer/venv/bin/python", "/bin/true")
    (tmp_path / unit.name).write_text(text, "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / unit.name)], capture_output=True, text=True, check=False
    )
    assert [line for line in done.stderr.splitlines() if unit.name in line] == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_the_units_leave_no_more_rights_than_needed(unit: Path) -> None:
    settings = dict(line.split("=", 1) for line in unit.read_text("utf-8").splitlines() if re.match(r"[A-Z]\w+=", line))
    assert settings["NoNewPrivileges"] == "yes"
    assert settings["CapabilityBoundingSet"] == ""
    assert settings["SystemCallFilter"] == "@system-service"
    assert settings["ProtectSystem"] == "strict"
    assert settings["User"] == "recognizer"
