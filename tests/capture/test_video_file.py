"""Every frame of a video at its time; damaged files give what is left, others a clear refusal."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest

from recognizer.capture.video import VideoFile
from recognizer.children import clean_environment, python_command
from recognizer.errors import SourceError
from recognizer.types import Frame
from tests.capture.capture_media import coded, decoded, turn, write_clip, write_sound


def read(path: Path, **options: int) -> list[Frame]:
    with VideoFile(path, **options) as source:  # type: ignore[arg-type]
        return list(source)


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mp4", "libx264"), (".mkv", "libx264"), (".avi", "mjpeg"), (".ts", "mpeg2video")]
)
@pytest.mark.parametrize("threads", [0, 1, 2])
def test_every_frame_comes_in_order(
    tmp_path: Path, suffix: str, codec: str, threads: int, logged_warnings: list[str]
) -> None:
    frames = read(write_clip(tmp_path / f"a{suffix}", codec=codec), threads=threads)
    assert [frame.index for frame in frames] == list(range(20))
    assert [decoded(frame.image) for frame in frames] == list(range(20))
    assert [frame.captured_at for frame in frames] == pytest.approx([i / 25 for i in range(20)], abs=2e-3)
    assert not frames[0].image.flags.writeable
    assert frames[0].image.flags.c_contiguous
    assert logged_warnings == []


_COUNT = """
import gc, sys
from pathlib import Path
import av
from recognizer.capture.video import VideoFile
gc.disable()  # it runs seldom: pictures that wait for it fill the memory
with VideoFile(Path(sys.argv[1])) as source:
    seen = sum(frame.image.size > 0 for frame in source)
print(seen, sum(isinstance(each, av.VideoFrame) for each in gc.get_objects()))
"""


def test_a_picture_is_freed_as_soon_as_it_is_dropped(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4")
    command = python_command("-c", _COUNT, str(clip))  # alone: other tests' pictures do not count
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["20", "0"]


def test_colours_are_bgr(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4")
    frame = read(tmp_path / "a.mp4")[1]
    assert np.abs(frame.image.astype(int) - coded(1)).max() < 30


def test_times_are_the_files_and_start_at_zero(tmp_path: Path) -> None:
    times = [500, 520, 900, 1000, 3000]
    frames = read(write_clip(tmp_path / "a.mkv", frames=5, times_ms=times))
    assert [frame.captured_at for frame in frames] == pytest.approx([0, 0.02, 0.4, 0.5, 2.5])


def test_facts_are_known_once_open(tmp_path: Path) -> None:
    source = VideoFile(write_clip(tmp_path / "a.mp4", fps=10), name="door")
    assert (source.size, source.frame_rate, source.live, source.name) == (None, None, False, "door")
    with source:
        assert source.size == (64, 48)
        assert source.frame_rate == pytest.approx(10)
        assert source.frame_count == 20
        assert source.duration_s == pytest.approx(2)
        assert next(iter(source)).source == "door"


def test_joined_streams_without_times(tmp_path: Path) -> None:
    """Raw H.264 has no times, and the second half has another size."""
    a = write_clip(tmp_path / "a.h264", frames=6, container="h264")
    b = write_clip(tmp_path / "b.h264", frames=6, container="h264", size=(96, 64), first=6)
    joined = tmp_path / "c.h264"
    joined.write_bytes(a.read_bytes() + b.read_bytes())
    frames = read(joined)
    assert [(frame.width, frame.height) for frame in frames] == [(64, 48)] * 6 + [(96, 64)] * 6
    assert [decoded(frame.image) for frame in frames] == list(range(12))
    assert [frame.captured_at for frame in frames] == pytest.approx([i / 25 for i in range(12)])


def test_joined_transport_streams_go_on_in_time(tmp_path: Path) -> None:
    a = write_clip(tmp_path / "a.ts", frames=50, codec="mpeg2video")
    joined = tmp_path / "c.ts"
    joined.write_bytes(a.read_bytes() * 2)
    at = np.array([frame.captured_at for frame in read(joined)])
    assert len(at) == 100
    assert (np.diff(at) >= 0).all()
    assert at[-1] == pytest.approx(99 / 25, abs=0.2)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_rotation_is_applied(tmp_path: Path, quarters: int) -> None:
    frames = read(turn(write_clip(tmp_path / "a.mp4", first=1), quarters))
    upright = np.rot90(coded(1), -quarters)
    assert frames[0].image.shape == upright.shape
    assert np.abs(frames[0].image.astype(int) - upright).max() < 30


def test_cut_off_video_gives_what_is_left(tmp_path: Path, logged_warnings: list[str]) -> None:
    whole = write_clip(tmp_path / "a.mp4", frames=100, noisy=True)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    frames = read(cut)
    assert 20 < len(frames) < 80
    assert [decoded(frame.image) for frame in frames[:-2]] == list(range(len(frames) - 2))
    assert len(logged_warnings) == 1
    assert "cut off" in logged_warnings[0]
    assert "of 4.0 s" in logged_warnings[0]


def test_cut_off_matroska(tmp_path: Path, logged_warnings: list[str]) -> None:
    whole = write_clip(tmp_path / "a.mkv", frames=100, noisy=True)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert 20 < len(read(cut)) < 80
    assert len(logged_warnings) == 1
    assert "cut off" in logged_warnings[0]


def test_holes_are_skipped(tmp_path: Path, logged_warnings: list[str]) -> None:
    whole = write_clip(tmp_path / "a.ts", frames=100, noisy=True)
    data = bytearray(whole.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = bytes(3000)
    holed = tmp_path / "holed.ts"
    holed.write_bytes(bytes(data))
    frames = read(holed)
    assert len(frames) > 80
    assert frames[-1].captured_at > 3.5
    assert len(logged_warnings) == 1
    assert "damaged" in logged_warnings[0]


def make_cut_header(path: Path) -> None:
    write_clip(path, faststart=False)
    path.write_bytes(path.read_bytes()[:-200])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: None, "no such file"),
        (lambda p: p.touch(), "the file is empty"),
        (lambda p: p.mkdir(), "got a folder"),
        (lambda p: p.write_text("Dear Sir or Madam"), "cannot read it"),
        (lambda p: p.write_bytes(bytes(range(256)) * 40), "cannot read it"),
        (lambda p: p.write_text("#EXTM3U\n#EXTINF:1\nhttp://127.0.0.1:9/a.ts\n"), "cannot read it"),
        (lambda p: p.write_text("ffconcat version 1.0\nfile other.mp4\n"), "cannot read it|play list"),
        (write_sound, "holds audio only"),
        (make_cut_header, "header or index is damaged or cut off"),
    ],
)
def test_what_is_no_video(tmp_path: Path, make: object, message: str) -> None:
    write_clip(tmp_path / "other.mp4")
    path = tmp_path / "a.mp4"
    make(path)  # type: ignore[operator]
    with pytest.raises(SourceError, match=message) as caught, VideoFile(path):
        pass
    assert "15" not in str(caught.value).replace(str(tmp_path), "")  # no bare FFmpeg error number


def test_text_of_any_name(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("line\n" * 500)
    with pytest.raises(SourceError), VideoFile(path):
        pass


def test_header_without_frames(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "a.mp4")
    data = whole.read_bytes()
    start = data.index(b"mdat") + 4
    whole.write_bytes(data[:start] + bytes(len(data) - start))
    with pytest.raises(SourceError, match="not one frame"), VideoFile(whole):
        pass


def test_too_many_pixels(tmp_path: Path) -> None:
    with (
        pytest.raises(SourceError, match="at most 1,000 pixels"),
        VideoFile(write_clip(tmp_path / "a.mp4"), max_pixels=1000),
    ):
        pass


def test_path_with_a_colon(tmp_path: Path) -> None:
    assert len(read(write_clip(tmp_path / "12:30:05 %d дверь.mp4"))) == 20


def test_close_from_another_thread(tmp_path: Path) -> None:
    source = VideoFile(write_clip(tmp_path / "a.mp4", frames=200))
    for _ in range(10):
        seen: list[int] = []

        def consume(seen: list[int] = seen) -> None:
            seen.extend(frame.index for frame in source)

        with source:
            thread = threading.Thread(target=consume)
            thread.start()
            source.close()
            source.close()
        thread.join(10)
        assert not thread.is_alive()
    assert len(read(tmp_path / "a.mp4")) == 200


def test_left_while_another_thread_reads(tmp_path: Path) -> None:
    source = VideoFile(write_clip(tmp_path / "a.mp4", frames=200))
    for _ in range(10):
        with source:
            thread = threading.Thread(target=lambda: list(source))
            thread.start()
        thread.join(10)
        assert not thread.is_alive()


def test_two_side_by_side_and_again(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4", frames=3)
    write_clip(tmp_path / "b.mp4", frames=3, first=100)
    with VideoFile(tmp_path / "a.mp4") as a, VideoFile(tmp_path / "b.mp4") as b:
        pairs = [(decoded(x.image), decoded(y.image)) for x, y in zip(a, b, strict=True)]
        assert pairs == [(0, 100), (1, 101), (2, 102)]
        assert list(a) == []
    assert list(a) == []
    with a:
        assert len(list(a)) == 3


@pytest.mark.weights
def test_real_clips(shared_data: Path, logged_warnings: list[str]) -> None:
    clips = sorted((shared_data / "data/video").glob("*.mp4")) + sorted((shared_data / "data/video/office").iterdir())
    if not clips:
        pytest.skip("no clips in the development data")
    for clip in clips:
        with VideoFile(clip) as source:
            times = [frame.captured_at for frame, _ in zip(source, range(6), strict=False)]
            assert times[5] - times[0] == pytest.approx(5 / (source.frame_rate or 0), rel=0.3)
            assert (source.duration_s or 0) > 1
    assert logged_warnings == []
