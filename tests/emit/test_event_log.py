"""The event log: whole lines at once, through kills, full disks and moved files."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from recognizer.emit.log import EventLog
from recognizer.errors import OutputError
from recognizer.types import EventKind
from tests.results import event, make_result

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))


class Times:
    """Clocks that stand still until the test moves them."""

    def __init__(self) -> None:
        self.now = 1000.0

    def day(self) -> dt.datetime:
        return NOON + dt.timedelta(seconds=self.now - 1000)

    def monotonic(self) -> float:
        return self.now


def lines(path: Path) -> list[dict[str, Any]]:
    text = path.read_text()
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def test_one_object_a_line(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "events.jsonl"
    with EventLog(path, clock=lambda: NOON) as log:
        log.emit(make_result(events=[event(EventKind.APPEARED, 1.5), event(EventKind.RECOGNISED, 1.5, name="张伟")]))
        assert len(lines(path)) == 2  # before it is closed
    assert lines(path)[1] == {
        "time": "2026-03-01T12:00:01.500+02:00",
        "at_s": 1.5,
        "source": "clip",
        "kind": "recognised",
        "track_id": 1,
        "name": "张伟",
        "similarity": 0.6123,
        "margin": 0.2,
        "reasons": ["margin 0.20"],
        "box": [1.0, 2.0, 30.0, 40.0],
    }
    assert "张伟" in path.read_text()
    assert log.written == 2


def test_live_times_are_when_the_frame_was_taken(tmp_path: Path) -> None:
    times = Times()
    with EventLog(tmp_path / "a", live=True, clock=times.day, monotonic=times.monotonic) as log:
        log.emit(make_result(1000.0))
        times.now = 1005.0  # half a second after the frame
        log.emit(make_result(1004.5, events=[event(EventKind.APPEARED, 1004.5)]))
    assert lines(tmp_path / "a")[0]["at_s"] == 4.5
    assert lines(tmp_path / "a")[0]["time"] == "2026-03-01T12:00:04.500+02:00"


@pytest.mark.parametrize("append", [False, True])
def test_a_second_run(tmp_path: Path, append: bool) -> None:
    path = tmp_path / "a"
    path.write_text('{"a": 1}\n{"half": ')
    with EventLog(path, append=append) as log:
        log.emit(make_result(events=[event(EventKind.LOST, 0)]))
    text = path.read_text().splitlines()
    assert len(text) == (3 if append else 1)
    assert json.loads(text[-1])["kind"] == "lost"


def test_odd_values_stay_json(tmp_path: Path) -> None:
    with EventLog(tmp_path / "a") as log:
        log.write({"name": "line\nbreak \u2028 \udcff", "n": None})
    assert lines(tmp_path / "a")[0]["name"].startswith("line\nbreak")
    odd = event(EventKind.LOST, 0)
    object.__setattr__(odd, "similarity", float("nan"))
    with EventLog(tmp_path / "a") as log:
        log.emit(make_result(events=[odd]))
    assert lines(tmp_path / "a")[0]["similarity"] is None


def test_removed_folder_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "a"
    with EventLog(path) as log:
        log.write({"n": 1})
        path.unlink()
        path.parent.rmdir()
        log.write({"n": 2})
    assert lines(path) == [{"n": 2}]


def test_moved_file_is_followed_by_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with EventLog(path) as log:
        log.write({"n": 1})
        path.rename(tmp_path / "a.1")
        log.write({"n": 2})
    assert lines(tmp_path / "a.1") == [{"n": 1}]
    assert lines(path) == [{"n": 2}]


def test_failure_is_reported_once_and_lines_wait(tmp_path: Path, logged: list[str]) -> None:
    times = Times()
    path = tmp_path / "sub" / "a"
    path.parent.mkdir()
    with EventLog(path, clock=times.day, monotonic=times.monotonic) as log:
        path.unlink()
        path.parent.rmdir()
        path.parent.touch()  # a file where the folder was: nothing can be made there
        for number in range(1100):
            log.write({"n": number})
            times.now += 0.5
        assert log.failed is not None
        assert log.lost == 100
        assert len(logged) == 1
        path.parent.unlink()
        times.now += 10
        log.emit(make_result())  # a frame without events is enough
        assert log.failed is None
        log.write({"n": 1100})
    assert [line["n"] for line in lines(path)] == list(range(100, 1101))
    assert [line.split()[0] for line in logged] == ["ERROR", "INFO", "ERROR"]
    assert "100 events" in logged[1]
    assert "recognition goes on" in logged[0]


def in_a_process(program: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *arguments], capture_output=True, text=True, **options
    )


def test_full_disk_leaves_whole_lines_and_recovers(tmp_path: Path) -> None:
    """A limit on the file's size stands for the full disk: it fails the same way, with a part of a line written."""
    ran = in_a_process(
        """
        import resource, sys
        from pathlib import Path
        from recognizer.emit.log import EventLog

        now = [0.0]
        with EventLog(Path(sys.argv[1]), monotonic=lambda: now[0]) as log:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1005, resource.RLIM_INFINITY))
            for n in range(50):
                log.write({"n": n, "text": "x" * 70})
                now[0] += 0.3
            print(log.failed, log.written, log.lost)
            assert Path(sys.argv[1]).read_bytes().endswith(b"}\\n")
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            now[0] += 9
            log.write({"n": 50})
            print(log.failed, log.written, log.lost)
        """,
        str(tmp_path / "a"),
        check=True,
    )
    assert ran.stdout.splitlines()[1] == "None 51 0"
    assert [line["n"] for line in lines(tmp_path / "a")] == list(range(51))
    assert ran.stderr.count("cannot be written") == 1
    assert ran.stderr.count("again") == 1


def test_a_killed_run_leaves_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "a"
    program = """
        import sys
        from pathlib import Path
        from recognizer.emit.log import EventLog
        with EventLog(Path(sys.argv[1])) as log:
            n = 0
            while True:
                log.write({"n": n, "text": "x" * 300})
                print(n, flush=True)
                n += 1
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) == 200:
            process.send_signal(signal.SIGKILL)
            break
    acknowledged = [200, *(int(line) for line in process.stdout if line.endswith("\n"))][-1]
    process.stdout.close()
    process.wait()
    assert [line["n"] for line in lines(path)][: acknowledged + 1] == list(range(acknowledged + 1))


def test_standard_output() -> None:
    ran = in_a_process(
        """
        from recognizer.emit.log import EventLog
        print("before")
        with EventLog(None) as log:
            log.write({"n": 1})
        print("after")
        """,
        check=True,
    )
    assert ran.stdout == 'before\n{"n": 1}\nafter\n'


def test_standard_output_that_nobody_reads() -> None:
    program = """
        from recognizer.emit.log import EventLog
        import time
        with EventLog(None) as log:
            for n in range(500):
                log.write({"n": n})
                time.sleep(0.001)
        assert log.closed and log.failed is None and log.lost == 0
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 0
    assert errors == ""  # like head, whoever leaves has seen enough


def test_standard_output_without_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    with EventLog(None) as log:
        log.write({"n": 1})
    assert capsys.readouterr().out == '{"n": 1}\n'


def test_places_that_refuse(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="this is a folder; add a name"), EventLog(tmp_path):
        pass
    (tmp_path / "file").touch()
    with (
        pytest.raises(OutputError, match=r"cannot be written here.*choose another place"),
        EventLog(tmp_path / "file" / "a"),
    ):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="runs as root, who may write everywhere")
def test_no_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="permission"), EventLog(tmp_path / "a"):
        pass
