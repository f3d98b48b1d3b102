from __future__ import annotations

import json
from pathlib import Path

import pytest

from recognizer.emit.health import Health, HealthFile
from recognizer.errors import OutputError
from recognizer.types import SourceChange, SourceState
from tests.results import make_result
from tests.rig import wait_for


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def made(*cameras: str, files: tuple[str, ...] = ()) -> tuple[Health, Clock]:
    clock = Clock()
    return Health([*cameras, *files], live=frozenset(cameras), clock=clock), clock


def verdict(health: Health) -> tuple[bool, bool]:
    report = health.report()
    return report["alive"], report["ready"]


def test_a_run_is_ready_once_a_camera_sends_pictures() -> None:
    health, _ = made("entrance", "yard")
    assert verdict(health) == (True, False)
    health.emit(make_result(source="yard"))
    assert verdict(health) == (True, True)
    assert [each["stale"] for each in health.report()["sources"]] == [True, False]


def test_a_picture_older_than_five_seconds_is_stale() -> None:
    health, clock = made("entrance")
    health.emit(make_result(source="entrance"))
    clock.now += 5
    health.beat()
    assert verdict(health) == (True, True)
    clock.now += 0.1
    health.beat()
    assert verdict(health) == (True, False)
    assert health.report()["problem"] == "no camera has sent a picture for 5 s: entrance"


def test_a_loop_that_hangs_is_not_alive() -> None:
    health, clock = made("entrance")
    health.emit(make_result(source="entrance"))
    clock.now += 5.1
    health.emit(make_result(source="entrance"))
    assert verdict(health) == (False, False)
    assert health.report()["problem"] == "recognition has done nothing for 5 s"


def test_paused_cameras_and_files_need_no_pictures() -> None:
    health, _ = made("entrance", files=("clip",))
    health.on_source_state(SourceChange("entrance", SourceState.PAUSED, 1.0))
    assert verdict(health) == (True, True)
    assert verdict(made(files=("clip",))[0]) == (True, True)


def test_the_file_is_written_while_open(tmp_path: Path) -> None:
    health, _ = made("entrance")
    path = tmp_path / "health.json"
    with HealthFile(path, health):
        assert json.loads(path.read_text())["ready"] is False
        health.emit(make_result(source="entrance"))
        wait_for(lambda: json.loads(path.read_text())["ready"], "it says so")
    assert not path.exists()


def test_a_file_that_cannot_be_written_ends_the_run_before_it_begins(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"health\.file: .*cannot be written"):
        HealthFile(tmp_path / "missing" / "health.json", made()[0]).__enter__()
