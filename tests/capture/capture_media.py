"""Small media made on the fly for the capture tests."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

CODE_BITS = 8


def coded(number: int, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """A BGR picture whose columns are the bits of a number, black or white; survives lossy coding."""
    image = np.zeros((height, width, 3), np.uint8)
    bar = width // CODE_BITS
    for bit in range(CODE_BITS):
        image[:, bit * bar : (bit + 1) * bar] = 255 * (number >> bit & 1)
    return image


def decoded(image: NDArray[np.uint8]) -> int:
    """The number of a coded picture."""
    bar = image.shape[1] // CODE_BITS
    row = image[image.shape[0] // 2, :, 0]
    return sum((int(row[bit * bar + bar // 2]) > 127) << bit for bit in range(CODE_BITS))


def write_clip(
    path: Path,
    *,
    frames: int = 20,
    size: tuple[int, int] = (64, 48),
    fps: int = 25,
    times_ms: Sequence[int] | None = None,
    codec: str = "libx264",
    container: str | None = None,
    first: int = 0,
    faststart: bool = True,
    noisy: bool = False,
) -> Path:
    """Write a clip of coded pictures.

    Args:
        path: Where; its suffix decides the container unless ``container`` says it.
        frames: How many.
        size: Width and height, px.
        fps: Frames a second, when ``times_ms`` does not say when each is shown.
        times_ms: Presentation times.
        codec: FFmpeg's encoder.
        container: FFmpeg's muxer.
        first: Number on the first picture.
        faststart: Put an MP4's index first, so that a cut-off file can be read.
        noisy: Noise under the bars, so that the file has some size.
    """
    random = np.random.default_rng(1)
    options = {"movflags": "+faststart"} if faststart and path.suffix == ".mp4" else {}
    with av.open(str(path), "w", format=container, options=options) as out:
        stream = out.add_stream(codec, rate=fps)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p" if codec != "mjpeg" else "yuvj420p"
        stream.codec_context.time_base = Fraction(1, 1000 if times_ms else fps)
        if codec == "libx264":
            stream.codec_context.options = {"preset": "ultrafast", "crf": "18", "g": "10"}
        for number in range(frames):
            image = coded(first + number, *size)
            if noisy:
                image = image // 2 + random.integers(0, 60, image.shape, np.uint8)
                image[size[1] // 2 - 2 : size[1] // 2 + 3] = coded(first + number, *size)[:5]
            picture = av.VideoFrame.from_ndarray(image, format="bgr24")
            picture.pts = times_ms[number] if times_ms else number
            picture.time_base = stream.codec_context.time_base
            for packet in stream.encode(picture):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
    return path


def write_sound(path: Path) -> Path:
    """Write a file with sound only."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=16_000)
        stream.codec_context.layout = "mono"
        for start in range(0, 16_000, 1024):
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            sound.sample_rate, sound.pts = 16_000, start
            for packet in stream.encode(sound):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
    return path


def turn(path: Path, quarters_clockwise: int) -> Path:
    """Tell players to show an MP4 turned, as a telephone held upright does."""
    cosine, sine = [(1, 0), (0, 1), (-1, 0), (0, -1)][quarters_clockwise]
    return set_matrix(path, cosine, sine, -sine, cosine)


def set_matrix(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """Write the matrix of an MP4's track header: stored (x, y) is shown at (a x + c y, b x + d y)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    matrix = np.array([a, b, 0, c, d, 0, 0, 0, 1], ">i4") * 65536
    matrix[8] = 1 << 30
    data[at : at + 36] = matrix.astype(">i4").tobytes()
    path.write_bytes(bytes(data))
    return path
