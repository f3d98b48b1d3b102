from __future__ import annotations

import socket
from pathlib import Path

import pytest

from recognizer.runtime.supervisor import Supervisor


@pytest.mark.parametrize("abstract", [False, True])
def test_ready_alive_and_stopping(tmp_path: Path, abstract: bool) -> None:
    name = f"@{tmp_path.name}-{tmp_path.parent.name}" if abstract else str(tmp_path / "notify")
    now = 0.0
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("\0" + name[1:] if abstract else name)
        ear.settimeout(1)
        with Supervisor({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "3000000"}, clock=lambda: now) as supervisor:
            for tick in range(25):
                now = tick / 10
                supervisor.feed()
        heard = [ear.recv(100) for _ in range(5)]
    assert heard == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1", b"WATCHDOG=1", b"STOPPING=1"]


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/nowhere/at/all", "WATCHDOG_USEC": "1000"}])
def test_nobody_listens(environment: dict[str, str]) -> None:
    with Supervisor(environment) as supervisor:
        supervisor.feed()
