"""The soak's own RTSP camera, read by FFmpeg as the product reads it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import av.error
import numpy as np
import pytest

from recognizer.types import U8
from tests.soak import clips
from tests.soak.camera import Camera

OPTIONS = {"analyzeduration": "200000", "probesize": "500000"}
LONG_S = 20.0


def frames(count: int = 20) -> Iterator[U8]:
    draw = np.random.default_rng(0)
    for _ in range(count):
        yield draw.integers(0, 255, (96, 128, 3), np.uint8)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "small.h264"
    return clips.camera_clip(path, size=(128, 96), gop=5, frames=frames())


@contextmanager
def reading(camera: Camera, transport: str = "tcp") -> Iterator[Iterator[av.VideoFrame]]:
    options = {**OPTIONS, "rtsp_transport": transport}
    with av.open(camera.address, options=options, timeout=(LONG_S, LONG_S)) as container:
        yield container.decode(video=0)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_frames_come(clip: Path, transport: str) -> None:
    with Camera(clip) as camera, reading(camera, transport) as video:
        sizes = {(frame.width, frame.height) for frame in itertools.islice(video, 12)}
    assert sizes == {(128, 96)}


def test_the_next_connection_shows_another_codec_and_size(clip: Path) -> None:
    other = clips.camera_clip(clip.with_name("other.h265"), size=(160, 128), gop=5, frames=frames())
    with Camera(clip) as camera:
        with reading(camera) as video:
            assert next(video).width == 128
        camera.say(f"next {other}")
        with reading(camera) as video:
            assert next(video).width == 160


@pytest.mark.long
def test_frames_come_again_after_garbage(clip: Path) -> None:
    with Camera(clip) as camera, reading(camera) as video:
        next(video)
        camera.say("garbage")
        damaged = 0
        while damaged < 20:
            try:
                next(video)
            except (av.error.InvalidDataError, StopIteration):
                break
            damaged += 1
        camera.say("clean")
        with reading(camera) as again:
            assert len(list(itertools.islice(again, 12))) == 12


def test_a_kick_ends_the_stream(clip: Path) -> None:
    with Camera(clip) as camera, reading(camera) as video:
        next(video)
        camera.say("kick")
        assert len(list(video)) < 100
