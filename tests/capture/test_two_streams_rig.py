"""Two RTSP streams of one clock, as a camera sends them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from recognizer.capture.sources import SourceOptions, open_two_streams
from recognizer.types import Frame
from tests import rig

SERVER = Path(__file__).parents[1] / "two_streams_server.py"
PATIENCE_S = 60.0
FRAMES = 150


@pytest.fixture
def port(rig_data: Path, tmp_path: Path) -> Iterator[int]:
    """Of a camera whose picture N shows the number N in both streams."""
    clips = {"main": (1280, 720), "sub": (640, 360)}
    paths = [
        rig.make_clip(rig_data, tmp_path / f"{name}.h264", size=size, frames=FRAMES) for name, size in clips.items()
    ]
    server = subprocess.Popen(
        [rig.SYSTEM_PYTHON, "-P", str(SERVER), *map(str, paths)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    ready = server.stdout.readline().split()
    assert ready[:1] == ["READY"]
    yield int(ready[1])
    server.communicate(timeout=20)


@pytest.mark.long
@pytest.mark.weights
def test_pictures_of_one_moment_are_found_by_the_cameras_clock(port: int) -> None:
    address = f"rtsp://127.0.0.1:{port}"
    source = open_two_streams(f"{address}/main", f"{address}/sub", SourceOptions(name="camera"))
    pairs = list[tuple[Frame, Frame, float]]()
    deadline = time.monotonic() + PATIENCE_S
    with source:
        for frame in source:
            assert frame.larger is not None
            found = frame.larger.find([len(pairs)])
            if found is not None and frame.camera_at is not None and found[0].camera_at is not None:
                pairs.append((frame, *found))
            if len(pairs) >= 20 or time.monotonic() > deadline:
                source.close()
    assert len(pairs) >= 20, "the main stream was not decoded, or has no sender reports"
    for small, large, skew_s in pairs:
        assert (small.width, large.width) == (640, 1280)
        apart = (rig.number_of(large.image) - rig.number_of(small.image) + FRAMES // 2) % FRAMES - FRAMES // 2
        # on a busy machine this server's two sender reports may be a frame apart, as those of a camera may be
        assert apart == pytest.approx(25 * skew_s, abs=1.6)
