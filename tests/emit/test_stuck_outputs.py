"""Outputs that neither take what they are given nor fail: pipes nobody reads, FIFOs without a reader, hanging disks."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Self

import pytest

from recognizer.emit.background import Background
from recognizer.emit.base import BaseSink
from recognizer.emit.log import EventLog
from recognizer.emit.queued import QueuedSink
from recognizer.emit.several import Only
from recognizer.runtime.channels import SourceEnd
from recognizer.types import FrameResult
from tests.fakes import ListSink
from tests.results import make_result
from tests.rig import wait_until

LONG_S = 20.0
"""What is waited for comes at once where all is well."""


@contextmanager
def small_pipe() -> Iterator[int]:
    """The reading end of a small pipe that stands for standard output; no fixture, as pytest puts its own there."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, 1031, 4096)  # F_SETPIPE_SZ
    with os.fdopen(writing, "w") as out, redirect_stdout(out):
        yield reading
    os.close(reading)


def read_all(descriptor: int, until: bytes) -> bytes:
    data = b""
    while until not in data:
        data += os.read(descriptor, 4096)
    return data


def write_numbers(log: EventLog, count: int) -> None:
    for number in range(count):
        log.write({"n": number})


def emit_numbers(sink: QueuedSink, count: int) -> None:
    for number in range(count):
        sink.emit(make_result(index=number))


def test_a_live_source_goes_on_and_what_is_lost_is_counted_and_reported_once(logged: list[str]) -> None:
    with small_pipe() as pipe, EventLog(None, live=True) as log:
        for number in range(1100):
            log.write({"n": number, "text": "x" * 80})
        held, lost = len(log._waiting), log.lost
        assert held == 1000
        assert lost > 10
        assert log.failed
        assert [line.split()[0] for line in logged] == ["ERROR"]
        data = read_all(pipe, b'"n": 1099')
        assert wait_until(lambda: log._background.idle, seconds=LONG_S) < LONG_S
        log.write({"n": "last"})
        assert log.failed is None
        assert f"{lost} events lost meanwhile" in logged[1]
        data += read_all(pipe, b"last")
    numbers = [json.loads(line)["n"] for line in data.splitlines()]
    assert len(numbers) == 1101 - lost
    assert numbers[-1] == "last"


def test_a_file_waits_for_its_reader_and_loses_nothing() -> None:
    log = EventLog(None)
    with small_pipe() as pipe, log:
        writer = threading.Thread(target=lambda: write_numbers(log, 2000), daemon=True)
        writer.start()
        data = read_all(pipe, b'"n": 1999')
        writer.join(LONG_S)
    assert [json.loads(line)["n"] for line in data.splitlines()] == list(range(2000))
    assert log.lost == 0


@pytest.mark.parametrize("live", [False, True])
def test_asked_to_stop_nobody_waits_for_a_reader(live: bool) -> None:
    stop = threading.Event()
    log = EventLog(None, live=live, stop=stop)

    def use() -> None:
        with small_pipe(), log:
            for number in range(300):
                log.write({"n": number, "text": "x" * 80})

    user = threading.Thread(target=use, daemon=True)
    user.start()
    assert wait_until(lambda: log.written > 20, seconds=LONG_S) < LONG_S
    stop.set()
    user.join(5)
    assert not user.is_alive()
    assert log.lost == 300 - log.written
    assert log.failed


def test_a_fifo_is_not_waited_for_and_gets_what_was_held_when_a_reader_comes(tmp_path: Path) -> None:
    path, now = tmp_path / "fifo", [0.0]
    os.mkfifo(path)
    with EventLog(path, live=True, monotonic=lambda: now[0]) as log:
        log.write({"n": 0})
        assert log.failed
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        now[0] = 5.0
        log.write({"n": 1})
        assert log.failed is None
        assert os.read(reader, 4096) == b'{"n": 0}\n{"n": 1}\n'
        os.close(reader)
        log.write({"n": 2})
        assert log.failed
    assert log.lost == 1


class HangingSink(BaseSink):
    """A disk that does not answer until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.frames: list[int] = []
        self.closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def emit(self, result: FrameResult) -> None:
        self.go.wait()
        self.frames.append(result.frame.index)


def test_a_hanging_video_of_a_camera_loses_frames_and_holds_up_nobody(logged: list[str]) -> None:
    inner = HangingSink()
    sink = QueuedSink(inner, name="video", lossy=True)
    with sink:
        for number in range(40):
            sink.emit(make_result(index=number))
        assert sink.lost == 40 - 8
        assert len(logged) == 1
        inner.go.set()
    assert inner.closed
    assert inner.frames == list(range(8))
    assert "32 frames were lost" in logged[-1]


def test_a_video_of_files_loses_nothing() -> None:
    inner = HangingSink()
    with QueuedSink(inner, name="video", lossy=False) as sink:
        emitter = threading.Thread(target=lambda: emit_numbers(sink, 40), daemon=True)
        emitter.start()
        inner.go.set()
        emitter.join(LONG_S)
    assert inner.frames == list(range(40))
    assert sink.lost == 0


def test_what_a_queued_sink_raises_is_raised_to_who_emits() -> None:
    class Broken(HangingSink):
        def emit(self, result: FrameResult) -> None:
            raise OSError("broken")

    sink = QueuedSink(Broken(), name="video", lossy=False)

    def use() -> None:
        with sink:
            for _ in range(100):
                sink.emit(make_result())

    with pytest.raises(OSError, match="broken"):
        use()


def test_work_that_hangs_is_left_behind() -> None:
    hang = threading.Event()
    background = Background(hang.wait, name="hangs")  # type: ignore[arg-type]
    background.request()
    assert not background.end(0.01)
    hang.set()
    assert background.wait(LONG_S)


def test_the_end_of_a_source_comes_after_its_results_to_the_sink_of_that_source() -> None:
    inner = ListSink()
    with Only("clip", QueuedSink(inner, name="video", lossy=False)) as sink:
        for number in range(3):
            sink.emit(make_result(index=number))
        sink.on_end("other", ())
        sink.on_end("clip", ())
    assert inner.messages == [*inner.results, SourceEnd("clip", ())]
    assert len(inner.results) == 3
