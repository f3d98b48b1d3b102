"""python main.py health, against a run's server, its file, and nothing."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from recognizer.cli.main import run_command_line
from tests.integrations.metrics import metrics_sink
from tests.ports import free_port

CAMERAS = [
    {"name": "entrance", "live": True, "state": "live", "stale": False},
    {"name": "yard", "live": True, "state": "lost", "stale": True},
]
WELL = {"alive": True, "ready": True, "problem": None, "sources": CAMERAS}
STALE = {"alive": True, "ready": False, "problem": "no camera has sent a picture for 5 s: yard", "sources": CAMERAS}


@pytest.mark.parametrize(
    ("report", "options", "status", "said"),
    [
        (WELL, [], 0, "ok; without picture: yard (lost)"),
        (STALE, [], 1, "not well: no camera has sent a picture for 5 s: yard."),
        (STALE, ["--alive"], 0, "ok; without picture: yard (lost)"),
        ({**STALE, "alive": False, "problem": "it hangs"}, ["--alive"], 1, "not well: it hangs."),
    ],
)
def test_a_run_is_asked_at_its_metrics_port(
    report: dict[str, Any], options: list[str], status: int, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    with metrics_sink(port, health=lambda: report):
        assert run_command_line(["health", "--metrics-port", str(port), *options]) == status
    assert said in "".join(capfd.readouterr()).replace("\n", " ")


def test_a_run_is_asked_by_its_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "health.json"
    assert run_command_line(["health", "--file", str(file)]) == 1
    assert "it is starting, or has ended" in capfd.readouterr().err.replace("\n", " ")
    file.write_text(json.dumps({**WELL, "written_at": time.time()}))
    assert run_command_line(["health", "--file", str(file)]) == 0
    capfd.readouterr()
    file.write_text(json.dumps({**WELL, "written_at": time.time() - 6}))
    assert run_command_line(["health", "--file", str(file), "--json"]) == 1
    answer = json.loads(capfd.readouterr().out)
    assert (answer["ok"], answer["asked"]) == (False, str(file))
    assert "has not written" in answer["message"]
    file.write_text("{}")
    assert run_command_line(["health", "--file", str(file)]) == 1


def test_nothing_answers(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["health", "--address", f"http://127.0.0.1:{free_port()}"]) == 1
    assert "nothing answers at http://127.0.0.1" in capfd.readouterr().err.replace("\n", " ")
