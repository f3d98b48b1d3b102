from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from recognizer.emit.log import EventLog
from recognizer.emit.rotation import Rotation
from tests.conftest import ROOT


def numbers(*paths: Path) -> list[int]:
    return [json.loads(line)["n"] for path in paths for line in path.read_text().splitlines()]


def test_by_size_every_line_is_in_one_file_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventLog(path, rotation=Rotation(max_bytes=100, keep=3)) as log:
        for number in range(40):
            log.write({"n": number})
    files = [*(tmp_path / f"events.jsonl.{number}" for number in (3, 2, 1)), path]
    assert all(file.stat().st_size <= 100 for file in files)
    kept = numbers(*files)
    assert kept == list(range(40 - len(kept), 40))
    assert len(list(tmp_path.iterdir())) == 4


def test_by_age(tmp_path: Path) -> None:
    now = 0.0
    path = tmp_path / "events.jsonl"
    with EventLog(path, rotation=Rotation(max_age_s=60), monotonic=lambda: now) as log:
        for number in range(5):
            now = number * 25.0
            log.write({"n": number})
    assert numbers(path) == [3, 4]
    assert numbers(tmp_path / "events.jsonl.1") == [0, 1, 2]


@pytest.mark.parametrize("sync_every_s", [None, 0.0, 1.0])
def test_a_line_larger_than_a_file_is_written_all_the_same(tmp_path: Path, sync_every_s: float | None) -> None:
    path = tmp_path / "events.jsonl"
    with EventLog(path, rotation=Rotation(max_bytes=3), sync_every_s=sync_every_s) as log:
        log.write({"n": 1})
        log.write({"n": 2})
    assert numbers(tmp_path / "events.jsonl.1", path) == [1, 2]


_WRITER = """
import pathlib, sys
from recognizer.emit.log import EventLog
from recognizer.emit.rotation import Rotation
with EventLog(pathlib.Path(sys.argv[1]), append=True, rotation=Rotation(max_bytes=2000, keep=1000)) as log:
    for number in range(10**9):
        log.write({"n": number, "text": "x" * 50})
        print(number, flush=True)
"""


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    program = [sys.executable, "-c", _WRITER, str(path)]
    for attempt in range(3):
        with subprocess.Popen(
            program, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
        ) as p:
            assert p.stdout is not None
            for _ in range(1 + 40 * attempt):
                p.stdout.readline()
            p.send_signal(signal.SIGKILL)
            acknowledged = max(int(line) for line in ["0", *p.stdout.read().split("\n")] if line)
        files = sorted(tmp_path.glob("events.jsonl.*"), key=lambda file: -int(file.suffix[1:]))
        written = numbers(*files, path) if path.exists() else numbers(*files)
        assert written[: acknowledged + 1] == list(range(acknowledged + 1))
        for file in [*files, path]:
            file.unlink(missing_ok=True)
