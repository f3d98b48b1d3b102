"""A camera's life: named states, reported once; endless new attempts; a close that is quick in any state."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Mapping

import pytest

from recognizer.capture.connection import CameraError, ConnectionMonitor, FailureKind
from recognizer.capture.live import WAITS_S, LiveSource
from recognizer.types import Frame, SourceState
from tests.fakes import ScriptedCamera

QUICK: Mapping[FailureKind, tuple[float, float]] = {trouble: (0.001, 0.01) for trouble in FailureKind}


def source(camera: ScriptedCamera, *, waits_s: Mapping[FailureKind, tuple[float, float]] = QUICK) -> LiveSource:
    return LiveSource(camera, name="door", waits_s=waits_s)


def read(live: LiveSource, count: int) -> list[Frame]:
    frames = []
    with live:
        for frame in live:
            frames.append(frame)
            if len(frames) == count:
                live.close()
    return frames


def states(live: LiveSource) -> list[str]:
    return [change.state.value for change in live.state_changes()]


def test_what_ends_is_opened_anew_and_frames_are_counted_on() -> None:
    camera = ScriptedCamera(3)
    live = source(camera)
    frames = read(live, 8)
    assert [frame.index for frame in frames] == list(range(8))
    assert all(earlier.captured_at <= later.captured_at for earlier, later in itertools.pairwise(frames))
    assert states(live) == ["open", "live", *["lost", "backing off", "live"] * 2, "closed"]
    assert camera.opened == camera.released == 3
    assert camera.threads == {threading.get_ident()}  # opened, read and released by whoever iterates


def test_a_loss_is_reported_once_however_many_attempts_fail() -> None:
    broken = [CameraError("connection refused")] * 7
    live = source(ScriptedCamera(2, *broken, 5))
    read(live, 4)
    changes = live.state_changes()
    assert [change.event for change in changes if change.event] == ["source_lost", "source_back"]
    assert [change.state.value for change in changes].count("lost") == 1
    assert changes[2].why == "the stream ended"


def test_another_kind_of_trouble_is_reported_too() -> None:
    live = source(
        ScriptedCamera(CameraError("gone"), CameraError("no", FailureKind.REFUSED), CameraError("gone again"), 1)
    )
    read(live, 1)
    reported = [(change.why, change.event) for change in live.state_changes() if change.state is SourceState.LOST]
    assert reported == [("gone", "source_lost"), ("no", None), ("gone again", None)]


@pytest.mark.parametrize(
    ("trouble", "failures", "least", "most"),
    [
        (FailureKind.GONE, 1, 0.18, 0.25),
        (FailureKind.GONE, 1000, 1.5, 2.0),
        (FailureKind.REFUSED, 1, 22, 30),
        (FailureKind.WRONG_PLACE, 1, 1.5, 2.0),
        (FailureKind.WRONG_PLACE, 50, 22, 30),
    ],
)
def test_waits_grow_to_a_cap(trouble: FailureKind, failures: int, least: float, most: float) -> None:
    for jitter in (0.0, 0.999):
        live = LiveSource(ScriptedCamera(1), name="door", jitter=iter([jitter]).__next__, waits_s=WAITS_S)
        assert least <= live.wait_s(trouble, failures) <= most


@pytest.mark.parametrize("script", [("hang",), (CameraError("refused"),), (10**6,)])
def test_close_from_another_thread_ends_it_soon_in_any_state(script: tuple[int | str | CameraError, ...]) -> None:
    camera = ScriptedCamera(*script, interval_s=0.01)
    live = source(camera, waits_s={trouble: (60, 60) for trouble in FailureKind})
    began = time.monotonic()
    threading.Timer(0.2, live.close).start()
    with live:
        list(live)
    assert time.monotonic() - began < 1.5
    assert states(live)[-1] == "closed"
    assert camera.opened == camera.released


def test_the_age_of_the_newest_frame_is_watched_from_outside() -> None:
    now = 100.0
    life = ConnectionMonitor("door", stall_s=1.0, clock=lambda: now)
    life.opened()
    life.frame(now)
    now = 101.5
    assert [change.state.value for change in life.state_changes()] == ["open", "live", "stalled"]
    assert life.state_changes() == []
    life.frame(now)
    [back] = life.state_changes()
    assert (back.state, back.event) == (SourceState.LIVE, None)  # a stall that passes is no loss


def test_two_sources_share_nothing() -> None:
    left, right = source(ScriptedCamera(2)), source(ScriptedCamera(5))
    assert len(read(left, 2)) == 2
    assert right.state_changes() == []
    assert len(read(right, 3)) == 3
