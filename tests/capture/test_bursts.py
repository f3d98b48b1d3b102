"""Which pictures of a video are decoded and given."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from av.video.stream import VideoStream

from recognizer.capture.bursts import BurstFile, Bursts
from tests.capture.capture_media import coded, decoded

FRAMES, FPS = 120, 25


def clip(path: Path, *, group: int = 25, b_frames: int = 0) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=FPS)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.options = {"g": str(group), "bf": str(b_frames), "sc_threshold": "0", "crf": "10"}
        for number in range(FRAMES):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(coded(number), format="bgr24")))
        out.mux(stream.encode())
    return path


def given(source: BurstFile, faces_at: set[int]) -> list[int]:
    """The numbers of the pictures, extended where faces are seen."""
    numbers = []
    with source:
        for frame in source:
            numbers.append(decoded(frame.image))
            assert frame.captured_at == pytest.approx(numbers[-1] / FPS, abs=2e-3)
            if numbers[-1] in faces_at:
                source.extend()
    return numbers


@pytest.mark.parametrize("b_frames", [0, 2])
def test_two_pictures_of_each_burst_and_more_where_faces_are(tmp_path: Path, b_frames: int) -> None:
    source = BurstFile(clip(tmp_path / "a.mp4", b_frames=b_frames), Bursts(every_s=1.9, face_s=0.3))
    numbers = given(source, faces_at={50})
    bursts = [[n for n in numbers if first <= n < first + 25] for first in (0, 25, 50, 75, 100)]
    assert bursts[0][0] == 0
    assert 2 <= len(bursts[0]) <= 3
    assert bursts[1] == bursts[3] == []
    assert bursts[2][0] == 50
    assert 5 <= len(bursts[2]) <= 9  # .3 s, less those that B frames hold back
    assert bursts[4][0] == 100
    assert source.decoded < 25
    assert source.shortfall is None


def test_between_rare_key_frames_a_burst_begins_where_it_is_due(tmp_path: Path) -> None:
    source = BurstFile(clip(tmp_path / "a.mp4", group=250), Bursts(every_s=1.0))
    assert given(source, faces_at=set()) == [0, 1, 50, 51, 100, 101]


def test_nothing_is_dropped_where_bursts_touch(tmp_path: Path) -> None:
    source = BurstFile(clip(tmp_path / "a.mp4"), Bursts(every_s=0.02, least=1))
    assert given(source, faces_at=set()) == list(range(FRAMES))
