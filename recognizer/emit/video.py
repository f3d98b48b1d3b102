"""The labelled video: an MP4 that plays in a browser.

It is written in fragments (ISO/IEC 14496-12, 8.8) of at most 50 frames, each with an index of its own: what a killed
process leaves behind under the temporary name plays up to there, and closing a long video takes no longer than a short.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import av.container
import av.error
from av.video.stream import VideoStream
from loguru import logger

from recognizer.emit.base import BaseSink
from recognizer.emit.encoded_picture import DrawPlanes, EncodedPicture
from recognizer.emit.partial_files import PartialFile, recover
from recognizer.emit.places import require_place, unwritable, words
from recognizer.errors import OutputError
from recognizer.types import U8, FrameResult, PictureNeed

_LONGEST_GAP_S = 3600.0
"""Between two frames; after 6.6 hours the 32 bits of a frame's duration are full. Longer ones are shortened to this."""
_FALLS_BACK_S = 1.0
"""Times that fall back further start a new count, as when a clock was set; smaller steps back are disorder."""
_MOVFLAGS = "+frag_keyframe+empty_moov+default_base_moof"
_SUFFIXES = (".mp4", ".m4v")
_ONE_QUANTISER = {"aq-mode": "0", "weightp": "none", "sc_threshold": "0"}
"""With one quantiser for all pictures and blocks, x264 need not analyse a picture before it encodes it: 0.6 to 0.8 of
the time of CRF 23, files of 0.2 to 1.0 of the size on six clips, at 42.7 to 46 dB (docs/measurements.md)."""
_TICKS = 90_000
"""Ticks a second of the presentation times, as MPEG counts."""


def require_video_place(path: Path) -> None:
    """Make sure that a video can be written at ``path``.

    Raises:
        OutputError: Not an MP4's name, or a place that cannot be written.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise OutputError(
            f"{path}: wanted a video name ending in {' or '.join(_SUFFIXES)}, "
            f"got {path.suffix or 'no ending'}; rename it."
        )
    require_place(path, wanted="the video")


class VideoWriter(BaseSink):
    """Writes rendered results as H.264, each shown at its own time.

    The file grows under another name and takes its own when it is complete; killed, it is left under the other name,
    and plays; the next run to the same place names it ``NAME-recovered-1.mp4``. A failure is logged once; no file is
    left then, and the run continues. The first frame decides the size; others are fitted into it. A pause of more than
    an hour is shortened to an hour.

    Args:
        path: The MP4 file.
        render: draws the (H, W, 3) uint8 BGR picture of a result.
        draw: draws a result on its picture's planes, which saves two conversions (``overlay_planes.draw_planes``);
            without it, and for pictures that have none, ``render`` draws.
        preset: x264's trade of size for time; slower ones make smaller files.
        quantiser: x264's, 0 (lossless) to 51; 6 more halve the size.
        threads: Encoder threads.
    """

    def __init__(
        self,
        path: Path,
        *,
        render: Callable[[FrameResult], U8],
        draw: DrawPlanes | None = None,
        preset: str = "superfast",
        quantiser: int = 24,
        threads: int = 1,
    ) -> None:
        if not 0 <= quantiser <= 51:
            raise ValueError(f"VideoWriter.quantiser: wanted 0 to 51, got {quantiser}.")
        if threads < 1:
            raise ValueError(f"VideoWriter.threads: wanted 1 or more, got {threads}.")
        self.failed: str | None = None
        """Why there will be no video."""
        self.frames = 0
        """Frames taken."""
        self._path = path
        self._render, self._draw = render, draw
        self._options = {"preset": preset, "qp": str(quantiser), "g": "50", "bf": "0", **_ONE_QUANTISER}
        self._threads = threads
        self._partial: PartialFile | None = None
        self._container: av.container.OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._picture: EncodedPicture | None = None
        self._first_s = 0.0
        self._pts = -1
        self._step = _TICKS // 25

    def __enter__(self) -> Self:
        """Make sure of the place; the video itself begins with the first frame.

        Raises:
            OutputError: Not an MP4's name, or a place that cannot be written.
        """
        require_video_place(self._path)
        recover(self._path, count_frames=_frames_in)
        try:
            self._partial = PartialFile(self._path)
        except OSError as error:
            raise unwritable(self._path, "the video", error) from error
        self.failed, self.frames, self._pts, self._step = None, 0, -1, _TICKS // 25
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file and give it its name; also after Ctrl-C or an error, with the frames up to there."""
        try:
            if self.failed is None and self._container is not None:
                self._finish()
            elif self.failed is None:
                logger.warning("video: no frame came, {} was not written", self._path)
        except (av.error.FFmpegError, OSError) as failure:
            self._give_up(failure)
        finally:
            self._discard()

    def picture_need(self, source: str) -> PictureNeed:
        """Every picture is drawn."""
        return PictureNeed.ALL

    def emit(self, result: FrameResult) -> None:
        """Add one frame."""
        if self.failed is not None:
            return
        try:
            self._add(result)
        except (av.error.FFmpegError, OSError) as failure:
            self._give_up(failure)

    def _add(self, result: FrameResult) -> None:
        if self._picture is None:
            self._picture = EncodedPicture(result, render=self._render, draw=self._draw)
            self._stream = self._begin(self._picture)
            self._first_s = result.frame.captured_at
        self._picture.take(result)
        planes = self._picture.planes
        picture = av.VideoFrame.from_numpy_buffer(planes, format="yuv420p")  # x264 copies it while it encodes
        before = self._pts
        self._pts = self._place(result.frame.captured_at)
        picture.pts, picture.time_base = self._pts, Fraction(1, _TICKS)
        if before >= 0:
            self._step = self._pts - before
        self._mux(picture)
        self.frames += 1

    def _place(self, at_s: float) -> int:
        """Presentation time of a frame, ticks; a player wants every time but once, and later than the last."""
        before, next_ = self._pts, self._pts + self._step
        if not math.isfinite(at_s):
            return max(0, next_)
        if not math.isfinite(self._first_s):
            self._first_s = at_s - max(0, next_) / _TICKS
        since_s = at_s - self._first_s - max(0, before) / _TICKS
        if since_s > _LONGEST_GAP_S:
            self._first_s += since_s - _LONGEST_GAP_S
        elif since_s < -_FALLS_BACK_S:
            self._first_s = at_s - next_ / _TICKS
        return max(before + 1, round((at_s - self._first_s) * _TICKS))

    def _begin(self, first: EncodedPicture) -> VideoStream:
        if self._partial is None:
            raise ValueError("VideoWriter: wanted an open one; use it in a with block.")
        self._container = av.open(
            f"file:{self._partial.path}", "w", format="mp4", options={"movflags": _MOVFLAGS, "flush_packets": "1"}
        )
        stream = self._container.add_stream("libx264", rate=30)  # a hint only: the frames have their times
        stream.width, stream.height = first.width, first.height
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = Fraction(1, _TICKS)
        context.thread_count = self._threads
        context.options = self._options
        matrix, context.color_range = first.colours
        context.colorspace = context.color_primaries = matrix
        context.color_trc = 1 if matrix == 1 else 6  # 5 is another transfer: gamma 2.8
        return stream

    def _mux(self, picture: av.VideoFrame | None) -> None:
        if self._stream is None or self._container is None:
            return
        for packet in self._stream.encode(picture):
            packet.duration = self._step  # counts for the last frame only, the others end where the next begins
            self._container.mux(packet)

    def _finish(self) -> None:
        self._mux(None)
        if self._container is not None:
            self._container.close()
            self._container = None
        if self._partial is None:
            return
        count = _frames_in(self._partial.path)  # a failed last write need not have been reported
        if count != self.frames:
            with self._partial.path.open("ab", buffering=0) as file:
                file.write(bytes(2**20))  # fails for the same reason, which FFmpeg does not tell
                file.write(b"0")
            raise OSError(None, f"{count} of {self.frames} frames arrived in the file")
        self._partial.publish(self._path)

    def _give_up(self, failure: BaseException) -> None:
        self.failed = words(failure)
        logger.error("video: {} cannot be written ({}); recognition goes on without it", self._path, self.failed)
        self._discard()

    def _discard(self) -> None:
        if self._container is not None:
            with contextlib.suppress(av.error.FFmpegError, OSError):
                self._container.close()
        self._container = self._stream = self._picture = None
        if self._partial is not None:
            self._partial.close()
            self._partial = None


def _frames_in(path: Path) -> int:
    """Frames that the fragments of an MP4 list and hold; fragments from a cut one on do not count."""
    frames = listed = 0
    size = path.stat().st_size
    with path.open("rb") as file:
        while len(head := file.read(8)) == 8:
            start = file.tell() - 8
            length, kind = int.from_bytes(head[:4], "big"), head[4:]
            header = 8
            if length == 1:  # 64 bits follow
                length, header = int.from_bytes(file.read(8), "big"), 16
            if length < header or start + length > size:
                break
            if kind == b"moof":
                box = file.read(length - header)
                at = box.find(b"trun")  # type, version and flags, number of frames
                listed = int.from_bytes(box[at + 8 : at + 12], "big") if at >= 0 else 0
            elif kind == b"mdat":
                frames, listed = frames + listed, 0
            file.seek(start + length)
    return frames
