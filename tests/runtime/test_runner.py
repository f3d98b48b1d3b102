from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from recognizer.capture.connection import CameraError, FailureKind
from recognizer.capture.live import LiveSource, TimedFrames
from recognizer.errors import OutputError, SourceError
from recognizer.pipeline import Pipeline
from recognizer.priority import HELPER_NICENESS
from recognizer.runtime.channels import FRAMES_WAITING, LATE_S, LIVE_FRAMES_WAITING, Inbox, SourceEnd
from recognizer.runtime.runner import run
from recognizer.types import Frame, FrameResult, SourceChange
from tests.fakes import ListedSource, ListSink, ScriptedCamera, face_picture
from tests.painted_pipeline import pipeline as painted_pipeline
from tests.rig import event_when, wait_until

PICTURE = face_picture((3, 0), side=60)


def frames(count: int, source: str = "clip") -> list[Frame]:
    return [Frame(PICTURE.copy(), number, number / 25, source) for number in range(count)]


def pipeline() -> Pipeline:
    return painted_pipeline()[0]


def helpers() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith(("capture", "emit"))]


def test_every_frame_of_a_file_arrives_in_order_however_slow_the_sink() -> None:
    source, sink = ListedSource(frames(30)), ListSink(wait_s=0.002)
    dropped = run([source], pipeline(), [sink])
    assert sink.indices == list(range(30))
    assert dropped == {"clip": 0}
    assert not sink.open
    assert source.closed
    assert helpers() == []


def test_the_end_tells_who_was_lost() -> None:
    sink = ListSink()
    run([ListedSource(frames(12))], pipeline(), [sink])
    end = sink.messages[-1]
    assert isinstance(end, SourceEnd)
    assert end.source == "clip"
    assert [(event.kind.value, event.name) for event in end.events] == [("lost", "person 3")]


def test_two_runs_give_the_same_events() -> None:
    reported = []
    for _ in range(2):
        sink = ListSink()
        run([ListedSource(frames(20))], pipeline(), [sink])
        reported.append([(e.kind, e.track_id, e.name, e.at) for e in sink.events])
    assert reported[0] == reported[1]
    assert reported[0]


@pytest.mark.parametrize(("limit", "count"), [({"max_frames": 7}, 7), ({"max_seconds": 0.2}, 5)])
def test_limits_end_the_run(limit: dict[str, float], count: int) -> None:
    sink = ListSink()
    run([ListedSource(frames(30))], pipeline(), [sink], **limit)  # type: ignore[arg-type]
    assert len([r for r in sink.results]) == count
    assert helpers() == []


def test_stop_from_another_thread_and_a_closed_window_end_the_run() -> None:
    endless = ListedSource(frames(100_000 // 100) * 100)
    stop, sink = threading.Event(), ListSink()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    run([endless], pipeline(), [sink], stop=stop)
    assert time.monotonic() - began < 5
    closed = ListSink()
    run([ListedSource(frames(30))], pipeline(), [closed], go_on=lambda: len(closed.results) < 3)
    assert len(closed.results) < 30
    assert helpers() == []


def test_a_source_that_fails_is_raised_after_its_frames_were_emitted() -> None:
    sink = ListSink()
    with pytest.raises(SourceError, match="unplugged"):
        run([ListedSource(frames(9), error=SourceError("unplugged"))], pipeline(), [sink])
    assert len([r for r in sink.results]) == 9
    assert not sink.open
    assert helpers() == []


def test_a_sink_that_fails_is_raised_and_ends_everything() -> None:
    source, sink, other = ListedSource(frames(500)), ListSink(fail_at=3), ListSink()
    with pytest.raises(OutputError, match="disk is full"):
        run([source], pipeline(), [other, sink])
    assert not other.open
    assert len(other.results) < 500
    assert helpers() == []


def test_a_failure_in_the_pipeline_is_raised_and_ends_everything() -> None:
    small = Frame(np.zeros((4, 4, 3), np.uint8), 0, 0.0, "clip")

    class Broken:
        def step(self, frame: Frame, *, backlogged: bool = False) -> object:
            raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError, match="a bug"):
        run([ListedSource([small])], Broken(), [ListSink()])  # type: ignore[arg-type]
    assert helpers() == []


def test_several_sources_are_emitted_in_their_own_order() -> None:
    sink = ListSink()
    run([ListedSource(frames(15, s), name=s) for s in ("left", "right")], pipeline(), [sink])
    for name in ("left", "right"):
        assert [r.frame.index for r in sink.results if r.frame.source == name] == list(range(15))


def test_each_source_has_its_seconds() -> None:
    class Slow(ListedSource):
        def __iter__(self) -> Iterator[Frame]:
            for frame in super().__iter__():
                time.sleep(0.005)
                yield frame

    sink, lengths = ListSink(), {"long": 90, "short": 10}
    made = [ListedSource(frames(n, s), name=s) for s, n in lengths.items()]
    run([*made, Slow(frames(90, "slow"), name="slow")], pipeline(), [sink], max_seconds=1)
    count = {s: sum(r.frame.source == s for r in sink.results) for s in (*lengths, "slow")}
    assert count == {"long": 25, "short": 10, "slow": 25}


def test_a_file_waits_for_room_and_a_live_source_replaces() -> None:
    inbox = Inbox([True, False])
    live, file = frames(10, "live"), frames(FRAMES_WAITING, "file")
    for frame in live:
        assert inbox.put(0, frame)
    for frame in file:
        assert inbox.put(1, frame)
    waiting = threading.Thread(target=inbox.put, args=(1, file[0]))
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()
    taken = [inbox.take(0), inbox.take(0)]
    assert [(f.source, f.index) for f in taken if f is not None] == [("live", 9), ("file", 0)]
    waiting.join(2)
    assert not waiting.is_alive()
    assert inbox.dropped == [9, 0]


def just_now(count: int, *, ago_s: float) -> list[Frame]:
    """Frames of a camera, 40 ms apart, the first so long ago."""
    now = time.monotonic()
    return [replace(f, captured_at=now - ago_s + 0.04 * f.index) for f in frames(count, "live")]


def test_a_short_stall_costs_no_frame_of_a_camera() -> None:
    inbox = Inbox([True])
    for frame in just_now(LIVE_FRAMES_WAITING, ago_s=0.0):
        assert inbox.put(0, frame)
    seen, backlogged = [], []
    for _ in range(LIVE_FRAMES_WAITING):
        taken = inbox.take(0)
        seen.append(-1 if taken is None else taken.index)
        backlogged.append(inbox.backlogged)
    assert seen == list(range(LIVE_FRAMES_WAITING))
    assert backlogged == [True] * (LIVE_FRAMES_WAITING - 1) + [False]
    assert inbox.dropped == [0]


def test_a_late_frame_of_a_camera_makes_way_for_the_newest() -> None:
    inbox = Inbox([True])
    for frame in just_now(3, ago_s=LATE_S + 0.05):
        inbox.put(0, frame)
    newest = inbox.take(0)
    assert newest is not None
    assert newest.index == 2
    assert inbox.dropped == [2]
    (late,) = just_now(1, ago_s=1.0)  # late or not, it is the newest
    inbox.put(0, late)
    assert inbox.take(0) is late
    assert inbox.take(0) is None


@pytest.mark.skipif(sys.platform != "linux", reason="niceness is counted by thread on Linux only")
def test_capturing_gives_way_to_recognising() -> None:
    seen: list[int] = []

    class Asked(ListedSource):
        def __iter__(self) -> Iterator[Frame]:
            seen.append(os.getpriority(os.PRIO_PROCESS, 0))
            return super().__iter__()

    run([Asked(frames(2))], pipeline(), [ListSink()])
    assert seen == [min(os.getpriority(os.PRIO_PROCESS, 0) + HELPER_NICENESS, 19)]


def test_whoever_waits_to_put_is_let_go() -> None:
    inbox = Inbox([False])
    for frame in frames(FRAMES_WAITING):
        inbox.put(0, frame)
    threading.Timer(0.05, inbox.abandon).start()
    assert inbox.put(0, frames(1)[0]) is False


def camera(*script: int | CameraError | str, name: str = "door", stall_s: float = 30) -> LiveSource:
    waits = {trouble: (0.05, 0.2) for trouble in FailureKind}
    return LiveSource(ScriptedCamera(*script, interval_s=0.01), name=name, waits_s=waits, stall_s=stall_s)


def test_every_frame_of_a_camera_is_recognised_or_counted_as_dropped() -> None:
    sink, slow = ListSink(wait_s=0.03), camera(60, "hang")
    dropped = run([slow], pipeline(), [sink], stop=event_when(lambda: 60 in sink.indices, seconds=30))
    assert sink.indices == sorted(set(sink.indices))
    assert len(sink.indices) + dropped["door"] == 61 > len(sink.indices)


def test_people_are_lost_before_their_camera_and_come_again_after_it() -> None:
    sink = ListSink()
    run([camera(30, CameraError("refused"), 30)], pipeline(), [sink], max_frames=50)
    story: list[str] = []
    for message in sink.messages:
        if isinstance(message, SourceChange):
            story += [message.event] if message.event else []
        else:
            story += [event.kind.value for event in message.events]
    once = ["appeared", "recognised", "lost"]
    assert story == [*once, "source_lost", "source_back", *once]
    numbers = [event.track_id for event in sink.events]
    assert len(set(numbers)) == 2  # a number is never used again


def test_broken_cameras_cost_the_others_nothing() -> None:
    sink = ListSink()
    broken = camera(CameraError("refused"), name="broken")
    hanging = camera("hang", name="hanging", stall_s=0.3)
    missing = ListedSource([], name="missing", fails_to_open=SourceError("missing: there is no such file"))
    torn = ListedSource(frames(5, "torn"), name="torn", error=SourceError("torn: cut off"))
    good = camera(10**6, name="good")
    began = time.monotonic()
    run([broken, hanging, missing, torn, good], pipeline(), [sink], max_seconds=1.5)
    assert 1 < time.monotonic() - began < 4
    count = {n: sum(r.frame.source == n for r in sink.results) for n in ("good", "torn", "hanging")}
    assert count["good"] > 60
    assert count["torn"] == 5
    assert count["hanging"] == 1
    lost = {change.source: change.why for change in sink.changes if change.event == "source_lost"}
    assert lost == {
        "broken": "refused",
        "missing": "missing: there is no such file",
        "torn": "torn: cut off",
    }
    assert [c.state.value for c in sink.changes if c.source == "hanging"] == ["open", "live", "stalled", "closed"]
    assert helpers() == []


def test_who_was_seen_by_a_source_that_broke_is_lost_then_and_not_at_the_end() -> None:
    sink = ListSink()
    torn = ListedSource(frames(12, "torn"), name="torn", error=ZeroDivisionError("a driver's bug"))
    with pytest.raises(ZeroDivisionError, match="a driver's bug"):  # at the end, after the others had theirs
        run([torn, ListedSource(frames(60, "good"), name="good")], pipeline(), [sink])
    [end] = [each for each in sink.messages if isinstance(each, SourceEnd) and each.source == "torn"]
    assert [event.kind.value for event in end.events] == ["lost"]
    place = sink.messages.index(end)
    assert sum(isinstance(each, FrameResult) and each.frame.source == "good" for each in sink.messages[place:]) > 30
    [change] = [each for each in sink.messages if isinstance(each, SourceChange)]
    assert sink.messages.index(change) == place + 1


def test_a_file_that_cannot_be_opened_ends_a_run_of_files() -> None:
    missing = ListedSource([], name="missing", fails_to_open=SourceError("no such file"))
    with pytest.raises(SourceError, match="no such file"):
        run([ListedSource(frames(5)), missing], pipeline(), [ListSink()])


def test_a_hanging_camera_does_not_hold_up_the_end() -> None:
    connected, stop = threading.Event(), threading.Event()

    class Deaf(ScriptedCamera):
        def frames(self, stop: threading.Event) -> TimedFrames:
            connected.wait()  # a connect that nothing interrupts
            yield time.monotonic(), PICTURE.copy()

    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    run([LiveSource(Deaf(1), name="deaf")], pipeline(), [ListSink()], stop=stop)
    assert time.monotonic() - began < 2
    connected.set()
    assert wait_until(lambda: not helpers(), seconds=6) < 6
