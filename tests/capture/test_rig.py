"""Cameras as they are: a real RTSP server that is killed, stalled and kicks, a real V4L2 device that is unplugged."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loguru import logger

from recognizer.capture.sources import open_source
from recognizer.runtime import runner
from recognizer.types import SourceState
from tests import rig
from tests.conftest import ROOT

SLOW = pytest.mark.slow


@pytest.fixture(scope="module")
def clip(rig_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rig.make_clip(rig_data, tmp_path_factory.mktemp("clip") / "loop.h264")


@pytest.fixture
def lines() -> Iterator[list[str]]:
    reported: list[str] = []
    handler = logger.add(
        lambda message: reported.append(str(message)), level="DEBUG", format="{message}", backtrace=True
    )
    yield reported
    logger.remove(handler)


class Running:
    """A run on its own thread that can be watched."""

    def __init__(self, *addresses: str, wait_s: float = 0.0) -> None:
        self.sink = rig.AgeSink()
        self.stop = threading.Event()
        self.dropped: dict[str, int] = {}
        self.sources = [open_source(address) for address in addresses]
        pipeline: Any = rig.EchoPipeline(wait_s=wait_s)
        self._background = rig.Background(
            lambda: runner.run(self.sources, pipeline, [self.sink], stop=self.stop, dropped=self.dropped)
        )

    def frames(self, source: int = 0) -> int:
        return sum(name == self.sources[source].name for name, *_ in self.sink.shown)

    def events(self, event: str) -> int:
        return sum(change.event == event for change in self.sink.changes)

    def count(self, state: SourceState) -> int:
        return sum(change.state is state for change in self.sink.changes)

    def await_event(self, event: str, *, more_than: int) -> float:
        """How long until it was reported more often."""
        return rig.wait_until(lambda: self.events(event) > more_than, seconds=10)

    def await_frames(self, seconds: float = 10) -> float:
        """How long until a frame comes that is newer than now."""
        before = self.frames()
        return rig.wait_until(lambda: self.frames() > before + 1, seconds=seconds)

    def end(self) -> float:
        began = time.monotonic()
        self.stop.set()
        self._background.join(10)
        return time.monotonic() - began


def percentile_ms(ages: list[float], percent: int) -> float:
    return float(np.percentile(ages, percent)) * 1000


@pytest.mark.long
@pytest.mark.parametrize("wait_s", [0.0, 0.1])
def test_frames_are_fresh_and_drops_are_counted_exactly(rig_data: Path, clip: Path, wait_s: float) -> None:
    with rig.RtspServer(rig_data, clip) as server:
        running = Running(f"rtsp://127.0.0.1:{server.port}/cam", wait_s=wait_s)
        assert running.await_frames() < 10
        rig.wait_until(lambda: running.sink.shown[-1][3] > 150, seconds=60)
        running.end()
    ages = running.sink.ages(server)[25:]
    print(f"{len(ages)} frames, age p50 {percentile_ms(ages, 50):.0f} ms, p95 {percentile_ms(ages, 95):.0f} ms")
    shown = running.sink.shown
    painted = [(later[1] - earlier[1]) % 150 for earlier, later in itertools.pairwise(shown)]
    counted = [later[3] - earlier[3] for earlier, later in itertools.pairwise(shown)]
    assert painted == counted  # what was left out between two frames is known exactly
    left_out = sum(step - 1 for step in counted) + shown[0][3]
    assert 0 <= sum(running.dropped.values()) - left_out <= 4  # those that came while the run ended
    assert (left_out > 50) == (wait_s > 0)
    assert percentile_ms(ages, 95) < (150 if wait_s == 0 else 250)


def test_pictures_come_at_once_from_a_camera_with_rare_key_frames(rig_data: Path, tmp_path: Path) -> None:
    clip = rig.make_clip(rig_data, tmp_path / "rare.h264", size=(320, 240), frames=250, key_frame_every=250)
    with rig.RtspServer(rig_data, clip) as server:
        running = Running(f"rtsp://127.0.0.1:{server.port}/cam")
        took = rig.wait_until(lambda: running.frames() > 0, seconds=20)
        first = running.sink.shown[0][1]
        running.end()
    print(f"first of 250 frames shown after {took:.2f} s: number {first}")
    assert first < 125  # of the first round: none waited for the next key frame
    assert took < 5


@pytest.mark.long
@pytest.mark.parametrize("times", [2, pytest.param(30, marks=SLOW)])
def test_a_killed_server_is_found_again(rig_data: Path, clip: Path, lines: list[str], times: int) -> None:
    with rig.RtspServer(rig_data, clip) as server:
        running = Running(f"rtsp://127.0.0.1:{server.port}/cam")
        running.await_frames()
        took, counts = [], []
        for _ in range(times):
            lost, back = running.events("source_lost"), running.events("source_back")
            server.kill()
            running.await_event("source_lost", more_than=lost)
            server.start()
            took.append(running.await_frames())
            running.await_event("source_back", more_than=back)
            counts.append((rig.open_files(), rig.threads(), rig.resident_mb()))
        assert running.end() < 2
    print(f"{times} kills: back after at most {max(took):.2f} s; descriptors, threads, MB {counts[0]} to {counts[-1]}")
    assert max(took) < 3
    assert counts[0][:2] == counts[-1][:2]
    assert counts[-1][2] - counts[0][2] < 20
    reported = [line.strip().partition("cam: ")[2].split(" (")[0] for line in lines if "cam: " in line]
    assert reported == ["open", "live", *["lost", "backing off", "live"] * times, "closed"]
    assert [change.event for change in running.sink.changes if change.event] == ["source_lost", "source_back"] * times


@pytest.mark.long
@pytest.mark.parametrize("times", [1, pytest.param(10, marks=SLOW)])
@pytest.mark.parametrize("state", [SourceState.STALLED, SourceState.LOST])
def test_a_stall_is_reported_and_ends(rig_data: Path, clip: Path, times: int, state: SourceState) -> None:
    with rig.RtspServer(rig_data, clip) as server:
        running = Running(f"rtsp://127.0.0.1:{server.port}/cam")
        running.await_frames()
        took = []
        for _ in range(times):
            before = running.count(state)
            server.say("stall")
            rig.wait_until(lambda before=before: running.count(state) > before, seconds=20)  # type: ignore[misc]
            before = running.count(SourceState.LIVE)
            server.say("resume")
            took.append(running.await_frames())
            rig.wait_until(lambda before=before: running.count(SourceState.LIVE) > before, seconds=20)  # type: ignore[misc]
        running.end()
    print(f"{times} times {state.value}: back after at most {max(took):.2f} s")
    assert max(took) < 3
    states = [change.state for change in running.sink.changes]
    assert states.count(SourceState.STALLED) >= times
    assert (SourceState.LOST in states) == (state is SourceState.LOST)


@pytest.mark.parametrize("times", [1, pytest.param(10, marks=SLOW)])
def test_a_kick_is_survived(rig_data: Path, clip: Path, times: int) -> None:
    with rig.RtspServer(rig_data, clip) as server:
        running = Running(f"rtsp://127.0.0.1:{server.port}/cam")
        running.await_frames()
        took = []
        for _ in range(times):
            before = running.events("source_back")
            server.say("kick")
            took.append(running.await_event("source_back", more_than=before))
            running.await_frames()
        running.end()
    print(f"{times} kicks: back after at most {max(took):.2f} s")
    assert max(took) < 3


@pytest.mark.parametrize("kind", ["digest", "basic"])
def test_a_password_opens_and_is_never_reported(rig_data: Path, clip: Path, lines: list[str], kind: str) -> None:
    password, encoded = "p@ss/w:1", "p%40ss%2Fw%3A1"
    options = ["--user", "admin", "--password", password, *(["--basic"] if kind == "basic" else [])]
    with rig.RtspServer(rig_data, clip, *options) as server:
        host = f"127.0.0.1:{server.port}"
        running = Running(
            f"rtsp://admin:{encoded}@{host}/cam", f"rtsp://admin:wr0ng@{host}/cam2", f"rtsp://admin:{encoded}@{host}/no"
        )
        running.await_frames()
        rig.wait_until(lambda: running.count(SourceState.LOST) == 2, seconds=20)
        running.end()
    whys = [change.why for change in running.sink.changes if change.state is SourceState.LOST]
    assert len(whys) == 2
    assert any("no such stream" in why for why in whys)
    everything = "".join(lines) + repr(running.sink.changes)
    assert not any(secret in everything for secret in (password, encoded, "wr0ng", "admin"))


def test_a_wrong_password_is_distinguished_and_tried_slowly(rig_data: Path, clip: Path) -> None:
    with rig.RtspServer(rig_data, clip, "--user", "admin", "--password", "right") as server:
        running = Running(f"rtsp://admin:wr0ng@127.0.0.1:{server.port}/cam")
        rig.wait_until(lambda: running.count(SourceState.BACKING_OFF) > 0, seconds=20)
        assert running.end() < 2
    [lost] = [change for change in running.sink.changes if change.state is SourceState.LOST]
    assert lost.why == "the camera refuses the user name or the password"
    assert "30 s" in next(c.why for c in running.sink.changes if c.state is SourceState.BACKING_OFF)


@pytest.mark.long
def test_two_broken_cameras_leave_the_others_their_rate(rig_data: Path, clip: Path) -> None:
    with rig.RtspServer(rig_data, clip) as one, rig.RtspServer(rig_data, clip) as two:
        good = [f"rtsp://127.0.0.1:{server.port}/cam" for server in (one, two)]
        running = Running(*good, "rtsp://127.0.0.1:1/cam", f"rtsp://127.0.0.1:{one.port}/nothing")
        rig.wait_until(lambda: min(running.frames(0), running.frames(1)) > 25, seconds=20)
        began, before = time.monotonic(), [running.frames(0), running.frames(1)]
        rig.wait_until(lambda: running.frames(0) >= before[0] + 150, seconds=20)
        seconds = time.monotonic() - began
        rates = [(running.frames(source) - before[source]) / seconds for source in (0, 1)]
        running.end()
    print(f"two good cameras beside two broken ones: {rates[0]:.1f} and {rates[1]:.1f} of 25 frames a second")
    assert min(rates) >= 0.9 * 25


_UNPLUGGED = """
import pathlib, sys, threading, time
from recognizer.runtime import runner
from recognizer.capture.sources import open_source
from tests import rig
control, times = pathlib.Path(sys.argv[1]), int(sys.argv[2])
source, sink, stop = open_source("/dev/video0"), rig.AgeSink(), threading.Event()
run = rig.Background(lambda: runner.run([source], rig.EchoPipeline(), [sink], stop=stop))
fresh = lambda: rig.wait_until(lambda n=len(sink.shown): len(sink.shown) > n + 3, seconds=10)
losses = lambda: [change.state.value for change in sink.changes].count("lost")
counts = lambda: (rig.open_files(), rig.threads())
first = []
fresh()
for number in range(times):
    for state in ("gone", "stall"):
        before = losses()
        control.write_text(state)
        rig.wait_until(lambda: losses() > before, seconds=10)
        control.write_text("run")
        took = fresh()
        first = first or counts()
        rig.wait_until(lambda: counts() == first, seconds=3)  # on a busy machine what hung ends after the first frames
        print(state, round(took, 2), *counts(), flush=True)
stop.set()
run.join(5)
print("end", ",".join(change.state.value for change in sink.changes))
"""


@pytest.mark.long
@pytest.mark.parametrize("times", [1, pytest.param(10, marks=SLOW)])
def test_a_webcam_is_unplugged_and_plugged_in_again(rig_data: Path, tmp_path: Path, times: int) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("no gcc to build the camera with")
    environment = rig.fake_camera(rig_data, tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", _UNPLUGGED, environment["FAKECAM_CTL"], str(times)],
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    took = {state: max(float(row[1]) for row in rows if row[0] == state) for state in ("gone", "stall")}
    print(f"{times} times unplugged: back after {took['gone']} s; stalled: {took['stall']} s; {rows[0]} {rows[-2]}")
    assert max(took.values()) < 3
    assert rows[0][2:] == rows[-2][2:]
    states = done.stdout.splitlines()[-1].removeprefix("end ")
    assert states.startswith("open,live,")
    assert states.endswith("lost,backing off,live,closed")
