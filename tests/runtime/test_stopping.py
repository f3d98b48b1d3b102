"""Real processes that are asked to stop, or whose standard streams are closed, full or never read."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.rig import wait_until

LONG_S = 60.0
SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]


def python(program: str, **options: object) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", textwrap.dedent(program)]
    return subprocess.Popen(words, cwd=ROOT, text=True, **options)  # type: ignore[call-overload, no-any-return]


def full_pipe() -> tuple[int, int]:
    """A pipe that takes nothing more."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, 1031, 4096)  # F_SETPIPE_SZ
    os.write(writing, bytes(4096))
    return reading, writing


def waits_in(channel: Path) -> str:
    """Where in the system a thread waits; empty if it has ended meanwhile."""
    try:
        return channel.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("ready(); time.sleep(60)", 0),  # starting
        ("ready(); open(fifo)", 0),  # starting, in a call of the system
        ("ready(); library()", 0),  # starting, in a library that never comes back to Python
        ("signals.running(); ready(); signals.requested.wait(60)", 0),
        ("signals.running(); ready(); time.sleep(60)", 6),  # a run that hangs
    ],
)
def test_it_ends_in_every_state(tmp_path: Path, state: str, status: int, number: int) -> None:
    program = f"""
        import os, time
        from recognizer.runtime.stopping import StopSignals
        import ctypes
        def library():
            mutex, libc = ctypes.create_string_buffer(128), ctypes.CDLL(None)
            for _ in range(2):  # the second time it waits for ever, whatever signals come
                libc.pthread_mutex_lock(mutex)
        ready = lambda: print("ready", flush=True)
        fifo = {str(tmp_path / "fifo")!r}
        os.mkfifo(fifo)
        with StopSignals() as signals:
            {state}
    """
    with python(program, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        began = time.monotonic()
        process.send_signal(number)
        assert process.wait(10) == status
        assert time.monotonic() - began < 4  # 2 s, on a machine with other work


def test_a_signal_while_modules_are_imported_is_no_failure(tmp_path: Path) -> None:
    words = [sys.executable, "-X", "importtime", str(ROOT / "main.py"), "run", "--source", str(tmp_path / "none.mp4")]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "rich" in line:  # modules are named when they are there; ours come later
                break
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
        assert process.wait(LONG_S) in (0, 3)  # 3: it was quicker than we


@pytest.mark.parametrize("arguments", [["models", "list"], ["models", "list", "--json"]])
@pytest.mark.parametrize("encoding", ["ascii"])
def test_answers_in_any_encoding_and_on_a_full_disk(arguments: list[str], encoding: str) -> None:
    words = [sys.executable, str(ROOT / "main.py"), *arguments]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(words, capture_output=True, env=environment, check=True)
    assert done.stdout.decode(encoding)
    with open("/dev/full", "w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, env=environment, check=False)
    assert done.returncode == 6
    assert b"no space left on device" in done.stderr
    assert b"bug" not in done.stderr


@pytest.mark.parametrize(("closed", "status"), [("0<&-", 0), (">&-", 6), ("2>&-", 0)])
def test_standard_streams_that_are_closed(closed: str, status: int) -> None:
    line = f'"{sys.executable}" "{ROOT / "main.py"}" models list {closed}'
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert ("standard output cannot be written (it is closed)" in done.stderr.replace("\n", " ")) == (status == 6)


def test_messages_that_nobody_reads_hold_up_nobody() -> None:
    program = """
        import sys
        from recognizer.runtime import streams
        streams.install()
        for n in range(3000):
            sys.stderr.write("x" * 1000)
        print(sys.stderr.lost > 0, flush=True)
        streams.hurry.set()
        streams.finish()
    """
    reading, writing = full_pipe()
    with python(program, stdout=subprocess.PIPE, stderr=writing) as process:
        out, _ = process.communicate(timeout=LONG_S)
    os.close(reading)
    os.close(writing)
    assert (out, process.returncode) == ("True\n", 0)


@pytest.mark.long
@pytest.mark.weights
@pytest.mark.parametrize("number", SIGNALS)
def test_a_run_whose_events_nobody_reads_ends_with_its_files_complete(
    shared_data: Path, tmp_path: Path, number: int
) -> None:
    shutil.copytree(shared_data / "data/video/friends_gallery", tmp_path / "gallery")
    for path in (tmp_path / "gallery", *(tmp_path / "gallery").rglob("*")):
        path.chmod(0o755)
    video, summary, log = tmp_path / "labelled.mp4", tmp_path / "summary.json", tmp_path / "log"
    words = [sys.executable, str(ROOT / "main.py"), "run", "--headless", "--model", "edgeface_xs_q"]
    words += ["--weights-dir", str(shared_data / "weights"), "--gallery", str(tmp_path / "gallery")]
    words += ["--source", str(shared_data / "data/video/friends_720p.mp4"), "--events", "-"]
    words += ["--output", str(video), "--summary", str(summary)]
    reading, writing = full_pipe()
    with log.open("w") as log_file, subprocess.Popen(words, stdout=writing, stderr=log_file) as process:
        os.close(writing)

        def blocked() -> bool:
            """The writing thread sits in the pipe, so nothing more can be logged."""
            tasks = Path(f"/proc/{process.pid}/task").glob("*/wchan")
            return any("pipe_write" in waits_in(task) for task in tasks)

        assert wait_until(blocked, seconds=LONG_S) < LONG_S
        began = time.monotonic()
        process.send_signal(number)
        status = process.wait(15)
    os.close(reading)
    assert time.monotonic() - began < 4  # 2 s, on a machine with other work
    assert status == 6
    assert json.loads(summary.read_text())["frames"] > 0
    assert video.stat().st_size > 1000
    assert "events were lost" in log.read_text()
    assert "bug" not in log.read_text()
