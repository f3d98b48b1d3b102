from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from recognizer.capture import two_streams
from recognizer.capture.adjust import Adjustment
from recognizer.capture.connection import CameraError
from recognizer.capture.demand import Demand
from recognizer.capture.live import LiveSource, TimedFrames
from recognizer.capture.sources import SourceOptions, open_two_streams, require_openable
from recognizer.capture.two_streams import LargeStream, TwoStreams, skew_s
from recognizer.errors import SourceError
from recognizer.types import Frame


class Scripted:
    """A camera that gives pictures of these times, then fails or waits for the end."""

    def __init__(self, *times: float, fails: bool = False, width: int = 32) -> None:
        self.times, self.fails, self.width = times, fails, width
        self.given = threading.Event()

    def frames(self, stop: threading.Event) -> TimedFrames:
        for at in self.times:
            yield at, np.full((24, self.width, 3), round(at) % 256, np.uint8)
        self.given.set()
        if self.fails:
            raise CameraError("connection refused")
        stop.wait()


def picture(at: float, camera_at: float | None = None) -> Frame:
    return Frame(np.zeros((24, 32, 3), np.uint8), 0, at, "camera", camera_at)


def large_of(camera: Scripted, adjustment: Adjustment | None = None) -> LargeStream:
    source = LiveSource(camera, name="camera, main stream", stall_s=1e9)
    return LargeStream(source, Demand(), name="camera", adjustment=adjustment or Adjustment())


def test_the_nearest_picture_is_found_and_its_skew() -> None:
    now = time.monotonic()
    camera = Scripted(now, now + 0.04, now + 0.08)
    large = large_of(camera)
    large.start()
    assert camera.given.wait(5)
    found = large.find(picture(now + 0.05), [1])
    assert found is not None
    assert found[0].captured_at == now + 0.04
    assert found[1] == pytest.approx(-0.01)
    assert large.find(picture(now + 0.2), [1]) is None
    large.stop()


def test_pictures_are_adjusted_as_the_frames_are() -> None:
    camera = Scripted(7.0)
    large = large_of(camera, Adjustment(rotate_deg=90))
    large.start()
    assert camera.given.wait(5)
    found = large.find(picture(7.0), [1])
    assert found is not None
    assert (found[0].width, found[0].height) == (24, 32)
    large.stop()


@pytest.mark.parametrize(
    ("large", "small", "skew"),
    [
        (picture(10.2), picture(10.0), 0.2),
        (picture(10.2, 500.0), picture(10.0), 0.2),
        (picture(10.2, 500.0), picture(10.0, 499.99), 0.01),  # it waited in the network
        (picture(10.2, 900.0), picture(10.0, 499.99), 0.2),  # the two clocks are not one
    ],
)
def test_the_cameras_clock_counts_where_it_can_be_true(large: Frame, small: Frame, skew: float) -> None:
    assert skew_s(large, small) == pytest.approx(skew)


def test_a_main_stream_that_is_down_is_said_once(logged_warnings: list[str]) -> None:
    camera = Scripted(7.0, fails=True)
    large = large_of(camera)
    large.start()
    assert camera.given.wait(5)
    deadline = time.monotonic() + 10
    while not any("main stream is down" in line for line in logged_warnings) and time.monotonic() < deadline:
        large.find(picture(7.0), [1])
    assert large.find(picture(9.0), [1]) is None
    large.stop()
    said = [line for line in logged_warnings if "goes on with detect_location alone" in line]
    assert said == ["camera: the main stream is down; recognition goes on with detect_location alone"]


def test_streams_of_other_moments_are_said_once(logged_warnings: list[str]) -> None:
    camera = Scripted(7.0)
    large = large_of(camera)
    large.start()
    assert camera.given.wait(5)
    large._pictures[0] = replace(large._pictures[0], camera_at=100.0)
    for _ in range(60):
        assert large.find(picture(7.0, camera_at=100.3), [1]) is None
    large.stop()
    assert logged_warnings == [
        "camera: the main stream's pictures are of another moment (-300 ms, wanted at most 45 ms); recognition goes on "
        "with detect_location alone"
    ]


def test_streams_of_other_places_are_said_once(logged_warnings: list[str]) -> None:
    large = large_of(Scripted())
    for _ in range(50):
        large.compared(alike=0, unlike=1)
    assert len(logged_warnings) == 1
    assert "do not show the same" in logged_warnings[0]
    large.compared(alike=1, unlike=0)
    for _ in range(two_streams._UNLIKE_IN_A_ROW):
        large.compared(alike=0, unlike=1)
    assert len(logged_warnings) == 2


def test_frames_are_the_small_streams_and_lead_to_the_large_one() -> None:
    now = time.monotonic()
    small, camera = Scripted(now, now + 0.04), Scripted(now + 0.01, width=96)
    source = TwoStreams(LiveSource(small, name="camera"), large_of(camera))
    with source:
        frames = iter(source)
        first = next(frames)
        assert camera.given.wait(5)
        assert (source.name, source.live, first.width) == ("camera", True, 32)
        assert first.larger is not None
        found = first.larger.find([1])
        assert found is not None
        assert found[0].width == 96
        assert found[1] == pytest.approx(0.01)
        assert next(frames).width == 32
        source.close()
    assert {change.source for change in source.state_changes()} == {"camera"}


def test_addresses_of_two_streams() -> None:
    options = SourceOptions(name="door", password_env="NO_SUCH")  # noqa: S106 - a variable's name
    with pytest.raises(SourceError, match="NO_SUCH is not set"):
        open_two_streams("rtsp://user@camera/1", "rtsp://user@camera/2", options)
    source = open_two_streams("rtsp://user:hunter2@camera/1", "rtsp://camera/2", SourceOptions())
    assert source.name == "rtsp://camera/1"
    require_openable(source)  # a network camera may come later


def test_closing_ends_both_streams() -> None:
    small, large = LiveSource(Scripted(1.0), name="camera"), LiveSource(Scripted(1.0), name="camera, main stream")
    with TwoStreams(small, LargeStream(large, Demand(), name="camera")) as both:
        both.close()
        assert list(large) == []
