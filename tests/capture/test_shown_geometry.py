"""Files have the geometry and the times that FFmpeg's player shows."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.stream import VideoStream

from recognizer.capture.decoder import BgrConverter, Picture
from recognizer.capture.orientation import square_size
from recognizer.capture.video import VideoFile
from recognizer.types import U8
from tests.capture.capture_media import decoded, set_matrix, write_clip

CORNERS: U8 = np.array([[[0, 0, 250], [0, 250, 0]], [[250, 0, 0], [250, 250, 250]]], np.uint8)
"""Red, green; blue, white."""


def stretched(path: Path, aspect: Fraction, *, side_px: int = 64) -> Path:
    """A clip of four coloured corners that says its pixels are not square."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        assert isinstance(stream, VideoStream)
        stream.width = stream.height = side_px
        stream.pix_fmt = "yuv420p"
        stream.codec_context.sample_aspect_ratio = aspect
        picture = np.kron(CORNERS, np.ones((side_px // 2, side_px // 2, 1), np.uint8))
        for _ in range(20):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        out.mux(stream.encode())
    return path


def corners(image: U8) -> U8:
    """Colours of the four quarters' centres, in steps of 250."""
    height, width = image.shape[:2]
    return np.asarray(image[height // 4 :: height // 2, width // 4 :: width // 2] > 125, np.uint8) * np.uint8(250)


@pytest.mark.parametrize(
    ("aspect", "size"), [(Fraction(1, 2), (64, 128)), (Fraction(2), (128, 64)), (Fraction(16, 11), (93, 64))]
)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_pixels_become_square(tmp_path: Path, suffix: str, aspect: Fraction, size: tuple[int, int]) -> None:
    with VideoFile(stretched(tmp_path / f"a{suffix}", aspect)) as video:
        frames = list(video)
    assert [(frame.width, frame.height) for frame in frames] == [size] * 20
    assert frames[0].image.shape == (size[1], size[0], 3)
    assert np.array_equal(corners(frames[0].image), CORNERS)
    planes = frames[0].crop_source
    assert not isinstance(planes, np.ndarray)
    assert planes.shape == (size[1], size[0])


def test_planes_of_a_stretched_picture_have_its_colours() -> None:
    drawn: U8 = np.asarray(cv2.resize(CORNERS, (64, 64), interpolation=cv2.INTER_LINEAR), np.uint8)
    stored = av.VideoFrame.from_ndarray(drawn, format="bgr24").reformat(format="yuv420p")
    stored.colorspace, stored.color_range = 1, 2
    picture = Picture(stored, BgrConverter("clip", aspect=Fraction(1, 2)))
    planes = picture.planes
    assert planes is not None
    chroma = [cv2.resize(plane, (64, 128), interpolation=cv2.INTER_LINEAR) for plane in (planes.blue, planes.red)]
    whole = np.stack([planes.luma, *chroma], axis=2)
    ours = np.clip(whole @ planes.to_bgr[:, :3].T + planes.to_bgr[:, 3], 0, 255)
    assert np.abs(ours - picture.bgr()).mean() < 4


def test_a_stretched_picture_stays_within_the_limit() -> None:
    assert square_size(640, 180, Fraction(1, 2), max_pixels=640 * 360) == (640, 360)
    assert square_size(640, 180, Fraction(1, 2), max_pixels=640 * 180) == (320, 180)
    assert square_size(640, 180, Fraction(1, 10_000), max_pixels=640 * 180) == (1, 180)
    assert square_size(640, 180, Fraction(10_000), max_pixels=640 * 180) == (640, 1)
    assert square_size(640, 180, Fraction(0), max_pixels=9) == square_size(640, 180, None, max_pixels=9) == (640, 180)


@pytest.mark.parametrize(
    ("matrix", "shown"),
    [
        ((1, 0, 0, 1), CORNERS),
        ((-1, 0, 0, 1), CORNERS[:, ::-1]),
        ((1, 0, 0, -1), CORNERS[::-1]),
        ((-1, 0, 0, -1), CORNERS[::-1, ::-1]),
        ((0, 1, -1, 0), np.rot90(CORNERS, -1)),
        ((0, -1, 1, 0), np.rot90(CORNERS, 1)),
        ((0, 1, 1, 0), CORNERS.transpose(1, 0, 2)),
        ((0, -1, -1, 0), CORNERS.transpose(1, 0, 2)[::-1, ::-1]),
    ],
)
def test_display_matrices_rotate_and_mirror(tmp_path: Path, matrix: tuple[int, int, int, int], shown: U8) -> None:
    path = set_matrix(stretched(tmp_path / "a.mp4", Fraction(2)), *matrix)
    with VideoFile(path) as video:
        frame = next(iter(video))
    assert (frame.width, frame.height) == ((128, 64) if matrix[0] else (64, 128))
    assert frame.image.shape == (frame.height, frame.width, 3)
    assert np.array_equal(corners(frame.image), shown)


def remuxed(source: Path, target: Path, *, shift_s: float, sound: bool = False) -> Path:
    """Copy the packets of a clip with other times, beside sound that begins at 0."""
    with av.open(str(source)) as clip, av.open(str(target), "w", options={"avoid_negative_ts": "disabled"}) as out:
        stream = out.add_stream_from_template(clip.streams.video[0])
        packets = []
        if sound:
            audio = out.add_stream("aac", rate=8000, layout="mono")
            for number in range(20):
                silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
                silence.rate, silence.pts, silence.time_base = 8000, number * 1024, Fraction(1, 8000)
                packets += audio.encode(silence)
        for packet in clip.demux(video=0):
            if packet.dts is not None and packet.pts is not None and packet.time_base:
                packet.pts += round(shift_s / packet.time_base)
                packet.dts += round(shift_s / packet.time_base)
                packet.stream = stream
                packets.append(packet)
        for packet in sorted(packets, key=lambda each: float((each.dts or 0) * each.time_base)):
            out.mux(packet)
    return target


def test_frames_before_the_start_of_an_edit_list_are_not_shown(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=20)
    with VideoFile(remuxed(clip, tmp_path / "b.mp4", shift_s=-0.2)) as video:
        frames = list(video)
    assert [decoded(frame.image) for frame in frames] == list(range(5, 20))
    assert [frame.captured_at for frame in frames] == pytest.approx([0.04 * n for n in range(15)])
    assert video.shortfall is None


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_pictures_that_begin_after_the_sound_have_the_players_times(tmp_path: Path, suffix: str) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=20)
    with VideoFile(remuxed(clip, tmp_path / f"b{suffix}", shift_s=1.0, sound=True)) as video:
        times = [frame.captured_at for frame in video]
    assert times == pytest.approx([1 + 0.04 * n for n in range(20)], abs=0.02)
    assert video.shortfall is None


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_a_file_whose_times_begin_late_begins_at_0(tmp_path: Path, suffix: str) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=20)
    with VideoFile(remuxed(clip, tmp_path / f"b{suffix}", shift_s=30.0)) as video:
        times = [frame.captured_at for frame in video]
    assert times == pytest.approx([0.04 * n for n in range(20)], abs=0.002)
    assert video.shortfall is None
