"""The service's parent, with small children in place of recognition and the web process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from recognizer.children import clean_environment
from recognizer.runtime.child import RECOGNITION, STATE_FILE, WEB, Child
from recognizer.runtime.service import NOTHING_TO_DO
from tests.conftest import ROOT
from tests.rig import wait_until

CHILD = Path(__file__).with_name("service_child.py")
PROGRAM = f"""
import sys
from pathlib import Path
from recognizer.runtime.service import Service
folder = Path(sys.argv[1])
commands = {{name: [sys.executable, {str(CHILD)!r}, name, str(folder)] for name in ("web", "recognition")}}
sys.exit(Service(folder, [], commands=commands).run())
"""
HEAVY = ("numpy", "cv2", "av", "pydantic", "typer", "rich", "fastapi", "yaml", "sqlalchemy")


class Running:
    """A service in a process of its own, whose children obey files."""

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", PROGRAM, str(folder)],
            env=clean_environment() | (environment or {}),
            stderr=subprocess.DEVNULL,
        )

    def order(self, name: str, order: str) -> None:
        part = self.folder / f"{name}.part"
        part.write_text(order)
        part.replace(self.folder / f"{name}.do")

    def pid(self, name: str, other_than: int = 0) -> int:
        """The number of a child that runs, another one than given."""
        path = self.folder / f"{name}.pid"

        def found() -> int:
            text = path.read_text() if path.exists() else ""
            return int(text) if text and int(text) != other_than else 0

        assert wait_until(lambda: found() > 0, seconds=20) < 20
        return found()

    def state(self) -> dict[str, object]:
        path = self.folder / STATE_FILE
        values: dict[str, object] = json.loads(path.read_text()) if path.exists() else {}
        return values

    def wait_state(self, **wanted: object) -> None:
        assert wait_until(lambda: wanted.items() <= self.state().items(), seconds=20) < 20, self.state()

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    running.wait_state(state="running")
    running.pid(WEB)
    yield running
    if running.process.poll() is None:
        running.end(signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_both_children(service: Running, number: signal.Signals) -> None:
    pids = [service.pid(name) for name in (WEB, RECOGNITION)]
    assert service.end(number) == 0
    assert not any(map(lives, pids))


def test_a_killed_child_is_started_again_and_the_other_one_is_not_touched(service: Running) -> None:
    for name, other in ((RECOGNITION, WEB), (WEB, RECOGNITION)):
        before, untouched = service.pid(name), service.pid(other)
        os.kill(before, signal.SIGKILL)
        assert lives(service.pid(name, other_than=before))
        assert service.pid(other) == untouched
    service.wait_state(state="running", starts=2, exit_status=-9)


def test_the_web_process_may_ask_for_recognition_to_be_started_anew(service: Running) -> None:
    before = service.pid(RECOGNITION)
    service.order(WEB, "restart")
    assert service.pid(RECOGNITION, other_than=before)
    service.wait_state(state="running", starts=2)
    assert not lives(before)


def test_recognition_without_a_camera_rests_until_a_restart(service: Running) -> None:
    before = service.pid(RECOGNITION)
    service.order(RECOGNITION, f"exit {NOTHING_TO_DO}")
    service.wait_state(state="idle", starts=1)
    service.order(WEB, "restart")
    assert service.pid(RECOGNITION, other_than=before)
    service.wait_state(state="running", starts=2)


def test_a_start_that_was_requested_while_recognition_ended_by_itself_is_not_forgotten(tmp_path: Path) -> None:
    command = [sys.executable, "-c", f"raise SystemExit({NOTHING_TO_DO})"]
    child = Child(RECOGNITION, tmp_path, [], leaves_s=10, command=command)
    with closing(child.socket):
        child.start()
        assert child._process is not None
        child._process.wait(20)
        child.restart()  # a camera was added after the process had read the settings
        assert child.collect() == NOTHING_TO_DO
        child.rest()
        assert not child.resting
        child.start()
        child._process.wait(20)
        assert child.collect() == NOTHING_TO_DO
        child.rest()
        assert child.resting


def test_no_child_outlives_a_parent_that_was_killed(service: Running) -> None:
    pids = [service.pid(name) for name in (WEB, RECOGNITION)]
    service.end(signal.SIGKILL)
    assert wait_until(lambda: not any(map(lives, pids)), seconds=10) < 10


def test_a_web_process_that_does_not_heed_the_signal_is_killed(service: Running) -> None:
    service.order(WEB, "deaf")
    web = service.pid(WEB)
    caught = Path(f"/proc/{web}/status")

    def ignores() -> bool:
        line = next(line for line in caught.read_text().splitlines() if line.startswith("SigIgn"))
        return bool(int(line.split()[1], 16) & 1 << (signal.SIGTERM - 1))

    assert wait_until(ignores, seconds=10) < 10
    assert service.end(signal.SIGTERM) == 0
    assert not lives(web)


def test_a_web_process_that_cannot_start_ends_the_service_with_its_status(tmp_path: Path) -> None:
    (tmp_path / "web.do").write_text("fail 2")
    running = Running(tmp_path)
    assert running.process.wait(20) == 2
    assert not lives(running.pid(RECOGNITION))


def test_recognition_that_fails_at_its_start_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "recognition.do").write_text("fail 4")
    running = Running(tmp_path)
    assert wait_until(lambda: int(str(running.state().get("starts", 0))) >= 3, seconds=20) < 20
    running.wait_state(exit_status=4)
    (tmp_path / "recognition.do").unlink()
    running.wait_state(state="running")
    assert running.end(signal.SIGTERM) == 0


def test_the_service_manager_is_notified_when_both_are_ready_and_at_the_end(short_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(short_path / "manager"))
        ear.settimeout(20)
        folder = short_path / "private"
        folder.mkdir()
        environment = {"NOTIFY_SOCKET": str(short_path / "manager"), "WATCHDOG_USEC": "60000000"}
        running = Running(folder, environment)
        heard = [ear.recv(100)]
        while b"READY=1" not in heard:
            heard.append(ear.recv(100))
        running.wait_state(state="running")
        assert running.end(signal.SIGTERM) == 0
        while b"STOPPING=1" not in heard:
            heard.append(ear.recv(100))
    assert set(heard) == {b"WATCHDOG=1", b"READY=1", b"STOPPING=1"}


def test_the_parent_loads_nothing_heavy() -> None:
    program = f"import recognizer.runtime.service, sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
