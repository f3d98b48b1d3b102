"""kill -9 in writers, purges, actions, migrations and restores: what was acknowledged is there, and it opens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.history.kill_cases import CASES


def run(folder: Path, kind: str, count: int) -> dict[str, int]:
    program = [sys.executable, "-m", "tests.history.killed", str(folder), kind, str(count)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(program, capture_output=True, text=True, check=False, env=environment, timeout=1000)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.long
@pytest.mark.parametrize("count", [5, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", CASES)
def test_nothing_that_was_acknowledged_is_lost(tmp_path: Path, kind: str, count: int) -> None:
    found = run(tmp_path, kind, count)
    assert (found["lost"], found["opened"], found["trials"]) == (0, count, count)
    assert found["killed"] >= count // 2
