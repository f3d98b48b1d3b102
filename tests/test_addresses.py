"""A process that may use too few addresses says so, before a library fails in its own way."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
@pytest.mark.parametrize(
    ("kilobytes", "status", "message"),
    [
        (500_000, 2, "error: ulimit -v is 0.5 GB, wanted at least 2 GB; raise or remove that limit"),
        (1_400_000, 0, "note: ulimit -v is 1.4 GB and OpenVINO needs about 2 GB"),
        (4_000_000, 0, ""),
    ],
)
def test_a_low_limit_is_a_message(kilobytes: int, status: int, message: str) -> None:
    command = f'ulimit -v {kilobytes} && exec "$@"'
    done = subprocess.run(
        ["sh", "-c", command, "sh", sys.executable, str(ROOT / "main.py"), "--version"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status
    assert done.stderr.startswith(message)
    assert len(done.stderr.splitlines()) == bool(message)
