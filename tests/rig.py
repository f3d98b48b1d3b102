"""The rig of the development data: a real RTSP server and a real V4L2 camera on loopback, driven from tests.

Needs Debian's packages that ``rig/rtsp_server.py`` names, and gcc for the camera; tests skip, counted, without them.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseServer
from types import TracebackType
from typing import Self, TypeVar

import numpy as np

from recognizer.emit.collect import CollectingSink
from recognizer.types import U8, Frame, FrameResult, SourceChange, Tracks

AnyServer = TypeVar("AnyServer", bound=BaseServer)
SYSTEM_PYTHON = "/usr/bin/python3"
BITS = 12
_NEEDED = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


@functools.cache
def missing() -> str | None:
    """What the RTSP server lacks on this machine."""
    if not Path(SYSTEM_PYTHON).exists():
        return f"no {SYSTEM_PYTHON}"
    done = subprocess.run([SYSTEM_PYTHON, "-c", _NEEDED], capture_output=True, check=False)
    return "GStreamer's RTSP server is not installed" if done.returncode else None


def make_clip(
    data: Path,
    out: Path,
    *,
    size: tuple[int, int] = (1280, 720),
    frames: int = 150,
    key_frame_every: int = 25,
    source: str = "office/eat.mkv",
) -> Path:
    """A clip with painted frame numbers and a key frame every second, unless stated otherwise."""
    program = [sys.executable, str(data / "rig/make_clip.py"), str(data / "data/video" / source), str(out)]
    subprocess.run([*program, *map(str, size), str(frames), str(key_frame_every)], check=True, capture_output=True)
    return out


def number_of(image: U8) -> int:
    """The painted number."""
    return sum(1 << bit for bit in range(BITS) if image[4:12, bit * 16 + 4 : bit * 16 + 12].mean() > 127)


class RtspServer:
    """A looped clip on a port of its own; may be killed and started again on the same port."""

    def __init__(self, data: Path, clip: Path, *options: str) -> None:
        self._program = [SYSTEM_PYTHON, str(data / "rig/rtsp_server.py"), str(clip), *options]
        self._log = clip.with_name(f"push-{time.monotonic_ns()}.log")
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start and wait until it serves."""
        program = [*self._program, "--port", str(self.port), "--log", str(self._log)]
        self._process = subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        ready = self._process.stdout.readline().split()
        assert ready[:1] == ["READY"], ready
        self.port = int(ready[1])

    def kill(self) -> None:
        """As when the power fails."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None

    def say(self, command: str) -> None:
        """``stall``, ``resume`` or ``kick``."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        self._process.stdout.readline()

    def log_lines(self) -> list[str]:
        """A line for each frame sent: its number, and when, monotonic s."""
        return self._log.read_text().splitlines()

    def pushed(self) -> dict[int, list[float]]:
        """Frame number -> when it was sent, monotonic s."""
        times: dict[int, list[float]] = {}
        for line in self.log_lines():
            number, _, at = line.partition(" ")
            times.setdefault(int(number), []).append(float(at))
        return times


class EchoPipeline:
    """Recognises nobody, in a given time."""

    def __init__(self, *, wait_s: float = 0.0) -> None:
        self._wait_s = wait_s

    def step(self, frame: Frame, *, backlogged: bool = False) -> FrameResult:
        time.sleep(self._wait_s)
        return FrameResult(frame, Tracks.empty(), (), ())

    def end(self, last: Frame) -> tuple[()]:
        return ()

    def interrupt(self, last: Frame) -> tuple[()]:
        return ()


class AgeSink(CollectingSink[tuple[str, int, float, int]]):
    """Collects which frames came when, as a label on a screen would show them."""

    def __init__(self) -> None:
        super().__init__(_shown)
        self.changes: list[SourceChange] = []

    @property
    def shown(self) -> list[tuple[str, int, float, int]]:
        """Source, painted number, monotonic s, the frame's index."""
        return self.values

    def on_source_state(self, change: SourceChange) -> None:
        self.changes.append(change)

    def ages(self, server: RtspServer) -> list[float]:
        """True age of each frame when it was shown, s: since the server sent it."""
        pushed = server.pushed()
        ages = []
        for _, number, at, _ in self.shown:
            sent = [time_ for time_ in pushed.get(number, []) if time_ <= at]
            if sent:
                ages.append(at - max(sent))
        return ages


def _shown(result: FrameResult) -> tuple[str, int, float, int]:
    frame = result.frame
    return frame.source, number_of(frame.image), time.monotonic(), frame.index


def wait_until(condition: Callable[[], object], *, seconds: float) -> float:
    """How long it took, s; infinite when it did not come."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if condition():
            return time.monotonic() - began
        time.sleep(0.01)
    return float("inf")


def event_when(condition: Callable[[], object], *, seconds: float) -> threading.Event:
    """An event that another thread sets once something is true, or after a time that fails the test."""
    event = threading.Event()

    def wait() -> None:
        wait_until(condition, seconds=seconds)
        event.set()

    threading.Thread(target=wait).start()
    return event


def wait_for(condition: Callable[[], object], what: str, patience_s: float = 60.0) -> None:
    """Fail where it does not come."""
    assert wait_until(condition, seconds=patience_s) < float("inf"), what


def open_files() -> int:
    """File descriptors of this process."""
    return len(os.listdir("/proc/self/fd"))


def resident_mb() -> float:
    """Memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def threads() -> int:
    """Threads of this process, those of libraries too."""
    return len(os.listdir("/proc/self/task"))


def fake_camera(data: Path, folder: Path) -> dict[str, str]:
    """The environment in which ``/dev/video0`` is a camera; its ``FAKECAM_CTL`` file holds run, stall or gone."""
    library = folder / "fakecam.so"
    compiler = shutil.which("gcc")
    assert compiler is not None
    flags = ["-shared", "-fPIC", "-O2", "-w", "-D_FORTIFY_SOURCE=0"]
    subprocess.run([compiler, *flags, "-o", str(library), str(data / "rig/fakecam.c"), "-ldl"], check=True)
    raw, control = folder / "frames.yuyv", folder / "control"
    raw.write_bytes(np.random.default_rng(0).integers(16, 235, 640 * 480 * 2 * 5, np.uint8).tobytes())
    control.write_text("run")
    return {**os.environ, "LD_PRELOAD": str(library), "FAKECAM_RAW": str(raw), "FAKECAM_CTL": str(control)}


class Background:
    """Runs something on a thread and hands its result over."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._thread = threading.Thread(target=work, name="background")
        self._thread.start()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)
        assert not self._thread.is_alive()


@contextmanager
def serving(server: AnyServer) -> Iterator[AnyServer]:
    """Let a server of ``socketserver`` answer on a thread of its own."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
