"""Clips for the soak's cameras: the demonstration's people, and faces of thousands of strangers."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

from recognizer.capture.pictures import read_picture
from recognizer.demo import demo_clip
from recognizer.types import U8

FPS = 25
FACE_FRAMES = 5
"""Frames that each stranger is shown: at 25 frames/s a fifth of a second, each with a detection after the cut."""
FACE_SIDE_PX = 250


def camera_clip(
    path: Path, *, size: tuple[int, int] = (640, 360), gop: int = 25, frames: Iterable[U8] | None = None
) -> Path:
    """Encode the demonstration's 12 s as a camera would: no B frames, parameter sets with each key frame.

    Args:
        path: ends in ``.h264`` or ``.h265``.
        size: of the frames, px.
        gop: frames from one key frame to the next.
        frames: (H, W, 3) BGR, in place of the demonstration's.
    """
    shown = _demonstration() if frames is None else frames
    images = (np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8) for image in shown)
    settings = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:aud=1:repeat-headers=1"
    hevc = path.suffix == ".h265"
    options = {
        "preset": "ultrafast" if hevc else "veryfast",
        "tune": "zerolatency",
        "crf": "23",
        ("x265-params" if hevc else "x264-params"): settings + (":log-level=none" if hevc else ":sliced-threads=0"),
    }
    _encode(path, images, "libx265" if hevc else "libx264", "hevc" if hevc else "h264", options)
    return path


@functools.cache
def _demonstration() -> tuple[U8, ...]:
    """The demonstration's frames; painting them takes longer than encoding."""
    return tuple(image for _, image in demo_clip.frames())


def strangers(data: Path, *, people: int) -> list[Path]:
    """One LFW picture of each of so many people."""
    folders = sorted((data / "data/lfw/images").iterdir())[:people]
    return [sorted(folder.iterdir())[0] for folder in folders]


def faces_clip(path: Path, pictures: Iterable[Path]) -> Path:
    """Encode a video that shows each picture for ``FACE_FRAMES`` frames, moving a little."""
    _encode(path, _moving(pictures), "libx264", "matroska", {"preset": "ultrafast", "crf": "20"})
    return path


def _moving(pictures: Iterable[Path]) -> Iterator[U8]:
    for picture in pictures:
        image = cv2.resize(read_picture(picture), (FACE_SIDE_PX, FACE_SIDE_PX))
        for shift in range(FACE_FRAMES):
            yield np.ascontiguousarray(np.roll(image, 2 * shift, axis=1))


def _encode(path: Path, images: Iterable[U8], codec: str, container: str, options: dict[str, str]) -> None:
    first, images = _peek(images)
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=FPS, options=options)
        assert isinstance(stream, VideoStream)
        stream.height, stream.width, stream.pix_fmt = first.shape[0], first.shape[1], "yuv420p"
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def _peek(images: Iterable[U8]) -> tuple[U8, Iterator[U8]]:
    rest = iter(images)
    first = next(rest)
    return first, itertools.chain([first], rest)
