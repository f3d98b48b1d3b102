"""What stands behind an http address: a file ends once, a snapshot is polled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognizer.capture.connection import CameraError, FailureKind
from recognizer.capture.http import HttpStream
from recognizer.capture.live import LiveSource
from recognizer.capture.network import NetworkStream
from recognizer.types import SourceState
from recognizer.types.frame import Decoded
from tests.capture.capture_media import decoded, write_clip
from tests.capture.web_server import serving


def polled(address: str, *, interval_s: float = 0.0) -> HttpStream:
    return HttpStream(NetworkStream(address, open_s=10, read_s=10), name="web", interval_s=interval_s)


def number(picture: object) -> int:
    assert not isinstance(picture, np.ndarray)
    shown: Decoded = picture  # type: ignore[assignment]
    return decoded(shown.bgr())


def played(camera: HttpStream, shown: list[int]) -> FailureKind:
    """Append the numbers of the pictures of one connection; how it ended."""
    try:
        for _, picture in camera.frames(threading.Event()):
            shown.append(number(picture))
    except CameraError as error:
        return error.failure
    raise AssertionError("it ended without a reason")


@pytest.mark.parametrize("faststart", [True, False])
def test_a_file_ends_once(tmp_path: Path, faststart: bool) -> None:
    with serving(write_clip(tmp_path / "a.mp4", frames=20, fps=200, faststart=faststart)) as address:
        source = LiveSource(polled(address), name="web")
        with source:
            frames = list(source)
    assert [decoded(frame.image) for frame in frames] == list(range(20))
    states = [change.state for change in source.state_changes()]
    assert states == [SourceState.OPEN, SourceState.LIVE, SourceState.CLOSED]


@pytest.mark.long
def test_a_file_whose_connection_broke_goes_on_where_it_was(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=240, fps=60, noisy=True)
    shown: list[int] = []
    with serving(clip, breaks_after=[clip.stat().st_size // 3]) as address:
        camera = polled(address)
        assert played(camera, shown) is FailureKind.GONE
        assert played(camera, shown) is FailureKind.FINISHED
    assert shown == sorted(set(shown))
    assert shown[-1] == 239


@pytest.mark.parametrize(("suffix", "kind"), [(".jpg", "JPEG"), ("", "JPEG"), ("", "PNG")])
def test_a_snapshot_is_polled(tmp_path: Path, suffix: str, kind: str) -> None:
    path = tmp_path / f"snap{suffix}"
    stop = threading.Event()

    def change(grey: int) -> None:
        Image.new("RGB", (32, 32), (grey, grey, grey)).save(path, format=kind)

    change(0)
    greys = []
    with serving(path) as address:
        for _, picture in islice(polled(address).frames(stop), 4):
            assert not isinstance(picture, np.ndarray)
            greys.append(round(float(picture.bgr().mean())))
            change(50 * len(greys))
    assert greys == pytest.approx([0, 50, 100, 150], abs=3)


def test_a_poll_waits_for_its_interval_and_ends_when_it_is_closed(tmp_path: Path) -> None:
    Image.new("RGB", (32, 32)).save(tmp_path / "snap.jpg")
    waits: list[float | None] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout)
            if len(waits) > 2:
                self.set()
            return self.is_set()

    with serving(tmp_path / "snap.jpg") as address:
        assert len(list(polled(address, interval_s=1000.0).frames(Stop()))) >= 1
    assert max(wait or 0 for wait in waits) == pytest.approx(1000, abs=10)


def test_a_stream_without_an_end_is_no_file() -> None:
    class Endless(NetworkStream):
        frames: Callable[..., object] = lambda self, stop: iter(())  # type: ignore[assignment]

    assert list(HttpStream(Endless("http://h/x"), name="web").frames(threading.Event())) == []
