"""Recognition in real worker processes, of painted people."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recognizer.children import clean_environment, python_command
from recognizer.emit.base import BaseSink
from recognizer.errors import SourceError
from recognizer.gallery.records import Enrolled
from recognizer.runtime import runner
from recognizer.runtime.workers.pool import Limits
from recognizer.types import EventKind, Frame, FrameResult, PictureNeed, SourceState
from tests.fakes import ListSink, face_picture
from tests.painted_pipeline import THRESHOLDS
from tests.runtime.workers.conftest import PoolRun
from tests.runtime.workers.painted_plan import PaintedPlan

MakeRun = Callable[..., PoolRun]


def test_files_have_the_same_events_as_in_one_process(make_run: MakeRun, tmp_path: Path) -> None:
    names = ["file 1", "file 2", "file 3"]
    alone = ListSink()
    plan = PaintedPlan(tmp_path)
    runner.run([plan.make_source(name) for name in names], plan.make_pipeline({}), [alone])
    run = make_run(*names)
    run.join()
    assert run.error is None
    for name in names:
        assert [str(e) for e in run.sink.events if e.source == name] == [
            str(e) for e in alone.events if e.source == name
        ]
        assert run.frames(name) == plan.frames
    assert run.dropped == dict.fromkeys(names, 0)


def test_cameras_are_named_and_the_run_ends_soon(make_run: MakeRun) -> None:
    run = make_run("camera 1", "camera 2", "camera 3")
    run.wait_for_names("camera 1", "camera 2", "camera 3")
    run.wait(lambda: run.pool.peak_bytes > 0)
    run.end()
    assert run.error is None
    assert run.open_tracks() == set()


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_worker_that_ends_or_hangs_is_replaced_and_the_other_goes_on(make_run: MakeRun, number: int) -> None:
    run = make_run("camera 1", "camera 2")
    run.wait_for_names("camera 1", "camera 2")
    other = run.process_of("camera 2")
    run.signal("camera 1", number)
    run.wait(lambda: SourceState.LOST in run.states("camera 1"))
    run.wait_for_names("camera 1", "camera 2")
    run.end()
    assert run.process_of("camera 2") == other
    assert [c.event for c in run.sink.changes if c.source == "camera 1" and c.event] == ["source_lost", "source_back"]
    assert not [c for c in run.sink.changes if c.source == "camera 2" and c.event]
    seen = [e.track_id for e in run.sink.events if e.source == "camera 1" and e.kind is EventKind.APPEARED]
    assert seen == sorted(set(seen)), "a track's number was given out twice"
    assert len(seen) == 2
    assert run.open_tracks() == set()


@pytest.mark.long
def test_workers_are_not_replaced_because_the_pool_itself_was_stopped(tmp_path: Path) -> None:
    with subprocess.Popen(
        python_command("-m", "tests.runtime.workers.stopped", str(tmp_path)),
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "named\n"
        process.send_signal(signal.SIGSTOP)
        threading.Event().wait(2.0)  # longer than a worker may be silent
        process.send_signal(signal.SIGCONT)
        assert process.stdin is not None
        process.stdin.write("go on\n")
        process.stdin.flush()
        assert process.stdout.readline() == "0\n"


@pytest.mark.long
def test_workers_are_not_replaced_because_an_output_is_slow(make_run: MakeRun) -> None:
    run = make_run("camera 1", "file 2", limits=Limits(memory_bytes=250_000_000, silent_s=0.7))
    run.wait(lambda: run.frames("camera 1") > 0)
    goes_on, take = threading.Event(), run.sink.emit

    def take_late(result: FrameResult) -> None:
        goes_on.wait()
        take(result)

    run.sink.emit = take_late  # type: ignore[method-assign]
    run.wait(lambda: run.pool._outbox.full)
    threading.Event().wait(2.0)  # longer than a worker may be silent
    goes_on.set()
    run.wait(lambda: run.frames("file 2") == run.plan.frames)
    run.wait_for_names("camera 1")
    run.end()
    assert run.error is None
    assert run.pool.replaced == 0


def test_a_worker_that_grows_is_replaced(make_run: MakeRun, tmp_path: Path) -> None:
    (tmp_path / "eat").touch()
    run = make_run("camera 1", count=1)
    run.wait(lambda: run.pool.replaced == 1)
    run.wait_for_names("camera 1")


@pytest.mark.long
def test_workers_that_fail_at_their_start_are_tried_again(make_run: MakeRun, tmp_path: Path) -> None:
    (tmp_path / "fail").touch()
    run = make_run("camera 1", count=1)
    run.wait(lambda: run.pool.replaced == 2)
    (tmp_path / "fail").unlink()
    run.wait_for_names("camera 1")


def test_a_killed_worker_of_a_file_fails_the_run(make_run: MakeRun, tmp_path: Path) -> None:
    (tmp_path / "fail").touch()
    run = make_run("file 1", count=1)
    run.join()
    assert isinstance(run.error, SourceError)
    assert "file 1" in str(run.error)


def test_a_source_that_cannot_be_opened(make_run: MakeRun) -> None:
    run = make_run("file 9", count=1)
    run.join()
    assert isinstance(run.error, SourceError)
    beside = make_run("camera 1", "file 9")
    beside.wait(lambda: SourceState.LOST in beside.states("file 9"))
    beside.wait_for_names("camera 1")
    beside.end()
    assert beside.error is None
    both = make_run("camera 8", "camera 9")
    both.join()
    assert isinstance(both.error, SourceError), "a run that recognises nothing any more has failed"


@pytest.mark.long
def test_cameras_and_files_are_recognised_for_as_long_as_was_wanted(make_run: MakeRun) -> None:
    run = make_run("camera 1", "camera 2", max_seconds=0.5)
    run.join()
    assert run.error is None
    assert run.frames("camera 1") > 0
    beside = make_run("camera 1", "file 2", max_seconds=1.0)  # the file is 1.6 s long
    beside.join()
    assert beside.error is None
    assert beside.frames("file 2") == 25


@pytest.mark.long
def test_nobody_is_named_once_the_gallery_is_empty(make_run: MakeRun) -> None:
    run = make_run("camera 1", "camera 2")
    run.wait_for_names("camera 1", "camera 2")
    run.pool.replace_gallery(Enrolled((), (), np.zeros((0, 512), np.float32), "", ""), (), THRESHOLDS, revision=4)
    run.wait(lambda: not any(who.name for result in run.sink.results[-6:] for who in result.identities))
    run.signal("camera 1", signal.SIGKILL)  # the next one begins with what is enrolled now
    run.wait(lambda: run.states("camera 1").count(SourceState.LIVE) == 1)
    seen = len(run.sink.results)
    run.wait(lambda: len(run.sink.results) > seen + 40)
    assert not any(who.name for result in run.sink.results[seen:] for who in result.identities)
    assert {result.revision for result in run.sink.results[-6:]} == {4}


@pytest.mark.long
def test_a_source_is_paused_also_in_the_next_worker(make_run: MakeRun) -> None:
    run = make_run("camera 1", "camera 2")
    run.wait_for_names("camera 1", "camera 2")
    run.pool.sources[0].pause()  # type: ignore[attr-defined]
    run.wait(lambda: SourceState.PAUSED in run.states("camera 1"))
    frames = run.frames("camera 1")
    run.signal("camera 1", signal.SIGKILL)
    run.wait(lambda: run.states("camera 1").count(SourceState.PAUSED) == 2)
    assert run.frames("camera 1") <= frames + 1
    run.pool.sources[0].resume()  # type: ignore[attr-defined]
    run.wait_for_names("camera 1")


def test_a_source_moves_to_another_worker(make_run: MakeRun) -> None:
    run = make_run("camera 1", "camera 2", "camera 3")
    run.wait_for_names("camera 1", "camera 2", "camera 3")
    run.pool._ledger.move("camera 3", 1)
    run.wait(lambda: run.pool._seats[1].names == ["camera 2", "camera 3"])
    run.wait_for_names("camera 1", "camera 2", "camera 3")
    run.end()
    assert run.pool.replaced == 0
    assert run.open_tracks() == set()
    assert not [change for change in run.sink.changes if change.event]


class _Viewer(BaseSink):
    """Wants pictures while ``need`` says so."""

    def __init__(self) -> None:
        self.need = PictureNeed.NONE
        self.pictures: list[Frame] = []
        self.without = threading.Event()

    def picture_need(self, source: str) -> PictureNeed:
        return self.need

    def emit(self, result: FrameResult) -> None:
        if result.frame.has_picture:
            self.pictures.append(result.frame)
        else:
            self.without.set()


def test_pictures_come_only_while_they_are_wanted(make_run: MakeRun) -> None:
    viewer = _Viewer()
    run = make_run("camera 1", "camera 2")
    run.wait_for_names("camera 1")
    assert not any(result.frame.has_picture for result in run.sink.results)
    assert run.sink.results[0].frame.width == face_picture((1, 0)).shape[1]
    with pytest.raises(LookupError, match="picture"):
        run.sink.results[0].frame.image  # noqa: B018
    run.pool._picture_sinks.append(viewer)
    viewer.need = PictureNeed.ALL
    run.wait(lambda: run.sink.results[-1].frame.has_picture)
    seen = len(run.sink.results)
    run.wait(lambda: len(run.sink.results) > seen + 30)
    for result in run.sink.results[seen : seen + 30]:
        if result.frame.has_picture:
            expected = face_picture((int(result.frame.source[-1]), 0))
            np.testing.assert_array_equal(result.frame.image, expected)
    viewer.need = PictureNeed.NONE
    run.wait(lambda: not any(result.frame.has_picture for result in run.sink.results[-6:]))
