"""A video file, decoded by FFmpeg through PyAV: every frame, at its presentation time, upright."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import av.container
import av.error
from av.video.stream import VideoStream
from loguru import logger

from recognizer.capture.decoder import BgrConverter, Deblock, Picture, decoder_options
from recognizer.capture.names import display_name
from recognizer.capture.pictures import MAX_PIXELS
from recognizer.errors import SourceError
from recognizer.types import Frame

_LISTS = frozenset({"concat", "hls", "dash", "imf", "tty", "sdp", "rtsp"})
"""What FFmpeg may take a text file for; these would open other files or draw the text."""

_USUAL_RATE = 25.0
_JUMP_BACK_S = 1.0
"""Times that fall back further than this start a new count (a joined file); smaller steps back are disorder."""


class VideoFile:
    """The frames of a video file.

    It is opened, iterated once and closed; all may happen on different threads, and ``close`` at any time.

    Args:
        path: The file; FFmpeg decides by what it holds.
        threads: Decoder threads; 0 lets FFmpeg choose.
        deblock: Frames whose block edges are smoothed.
        max_pixels: Largest width times height that is decoded.
        name: What to call it; its path by default.
    """

    live = False

    def __init__(
        self,
        path: Path,
        *,
        threads: int = 1,
        deblock: Deblock = "all",
        max_pixels: int = MAX_PIXELS,
        name: str | None = None,
    ) -> None:
        if threads < 0:
            raise ValueError(f"VideoFile.threads: wanted 0 or more, got {threads}.")
        self.name = display_name(str(path)) if name is None else name
        self.frame_rate: float | None = None
        """Frames a second as the file says, known once open; frames have their own times all the same."""
        self.size: tuple[int, int] | None = None
        """Width and height of the newest frame, px; of the first one as soon as it is open."""
        self.frame_count: int | None = None
        """How many frames the file says it has, if it does."""
        self.duration_s: float | None = None
        self.shortfall: str | None = None
        """In words, what could not be read, once the end was reached too early."""
        self._path = path
        self._threads, self._deblock = threads, deblock
        self._max_pixels = max_pixels
        self._stop = threading.Event()
        self._lock = threading.Lock()  # held while FFmpeg works, so that nothing is closed under its feet
        self._container: av.container.InputContainer | None = None
        self._frames: Iterator[Frame] | None = None
        self._damaged = 0
        self._broken: str | None = None

    def __enter__(self) -> Self:
        """Open, and decode the first frame: what cannot be shown is refused here.

        Raises:
            SourceError: Missing, empty, no video, or nothing in it can be decoded.
        """
        self._require_file()
        try:
            # only this file: a play list must not reach for others, nor for the network
            self._container = av.open(f"file:{self._path}", options={"protocol_whitelist": "file"})
        except (av.error.FFmpegError, UnicodeError, ValueError) as error:
            raise SourceError(
                f"{self.name}: wanted a video, FFmpeg cannot read it ({_words(error)}). If it is one, its header or "
                "index is damaged or cut off; copy or record it again."
            ) from error
        try:
            stream = self._choose_stream(self._container)
            frames = self._read(self._container, stream)
            first = next(frames, None)
            if first is None:
                raise SourceError(
                    f"{self.name}: holds {stream.codec_context.name} video, but not one frame of it can be decoded"
                    f"{f' ({self._broken})' if self._broken else ''}; copy or record it again."
                )
            first.image  # noqa: B018 - a picture that cannot be converted fails now
        except BaseException:
            self._shut()
            raise
        self._frames = _prepend(first, frames)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; waits for a frame that is just being decoded."""
        self._stop.set()
        with self._lock:
            self._shut()
        self._stop.clear()

    def close(self) -> None:
        """Ask the iteration to end before the next frame."""
        self._stop.set()

    def __iter__(self) -> Iterator[Frame]:
        """Yield every frame that can be decoded; says once how far it got when that is not to the end."""
        while True:
            with self._lock:
                if self._stop.is_set() or self._frames is None:
                    return
                frame = next(self._frames, None)
            if frame is None:
                return
            yield frame

    def _require_file(self) -> None:
        if self._path.is_dir():
            raise SourceError(f"{self.name}: wanted a video file, got a folder.")
        try:
            if not self._path.exists():
                raise SourceError(f"{self.name}: wanted a video file, there is no such file; check the name.")
            with self._path.open("rb") as file:
                if self._path.is_file() and not file.read(1):
                    raise SourceError(f"{self.name}: wanted a video, the file is empty; copy or record it again.")
        except PermissionError:
            raise SourceError(f"{self.name}: this file may not be read; check its permissions.") from None
        except (OSError, ValueError) as error:
            raise SourceError(f"{self.name}: wanted a video file, it cannot be opened ({_words(error)}).") from error

    def _choose_stream(self, container: av.container.InputContainer) -> VideoStream:
        if container.format.name in _LISTS:
            raise SourceError(f"{self.name}: wanted a video, got a play list or text; pass the video itself.")
        cover = av.stream.Disposition.attached_pic
        streams = [stream for stream in container.streams.video if not stream.disposition & cover]
        if not streams:
            kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
            raise SourceError(f"{self.name}: wanted a video, the file holds {kinds} only.")
        stream = max(streams, key=lambda s: (s.width or 0) * (s.height or 0))
        if (stream.width or 0) * (stream.height or 0) > self._max_pixels:
            raise SourceError(
                f"{self.name}: wanted a video of at most {self._max_pixels:,} pixels, got {stream.width} x "
                f"{stream.height}; scale it down."
            )
        stream.codec_context.thread_count = self._threads
        stream.thread_type = "NONE" if self._threads == 1 else "AUTO"
        codec = stream.codec_context
        codec.options = decoder_options(codec.name, deblock=self._deblock, max_pixels=self._max_pixels)
        rate = stream.average_rate or stream.guessed_rate
        self.frame_rate = float(rate) if rate else None
        self.duration_s = _duration(container, stream)
        estimate = round((self.duration_s or 0) * (self.frame_rate or 0))  # fragmented MP4 has no count
        self.frame_count = stream.frames or estimate or None
        return stream

    def _read(self, container: av.container.InputContainer, stream: VideoStream) -> Iterator[Frame]:
        """Decode to the end; damaged packets are skipped and counted."""
        self._damaged, self._broken = 0, None
        step = 1 / (self.frame_rate or _USUAL_RATE)
        timeline = _Timeline(step, begin_s=_beginning(container, stream))
        converter = BgrConverter(self.name, aspect=stream.sample_aspect_ratio, max_pixels=self._max_pixels)
        index, first_s = 0, 0.0
        for picture in self._decode(container, stream):
            at = timeline.place(None if picture.pts is None else float(picture.pts * (picture.time_base or 0)))
            first_s = at if index == 0 else first_s
            frame = Frame(Picture(picture, converter), index, at, self.name)
            self.size = (frame.width, frame.height)
            yield frame
            index += 1
        if index:
            self._tell_shortfall(index, timeline.now + step - first_s, step)

    def _decode(self, container: av.container.InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
        for packet in self._packets(container, stream):
            yield from self._pictures(packet)

    def _packets(self, container: av.container.InputContainer, stream: VideoStream) -> Iterator[av.Packet[VideoStream]]:
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except (av.error.FFmpegError, EOFError) as error:
                self._broken = _words(error)
                return
            if packet is None:
                return
            self._damaged += packet.is_corrupt
            yield packet

    def _pictures(self, packet: av.Packet[VideoStream]) -> list[av.VideoFrame]:
        try:
            return packet.decode()
        except av.error.FFmpegError as error:
            self._damaged += not packet.is_corrupt
            self._broken = _words(error)
            return []

    def _tell_shortfall(self, frames: int, reached_s: float, step: float) -> None:
        expected = self.duration_s
        short = expected is not None and expected - reached_s > max(4 * step, 0.02 * expected)
        if not (short or self._damaged or self._broken):
            return
        of = f" of {expected:.1f}" if expected is not None else ""
        damage = f", {self._damaged} damaged packets skipped" if self._damaged else ""
        what = "cut off" if short else "damaged"
        self.shortfall = f"{self.name} is {what}: {frames} frames, {reached_s:.1f}{of} s could be read{damage}"
        logger.warning(self.shortfall)

    def _shut(self) -> None:
        self._frames = None
        if self._container is not None:
            self._container.close()
            self._container = None


class _Timeline:
    """Puts presentation times on a line that never runs back.

    Args:
        step: seconds from a frame to the next, where times are missing.
        begin_s: presentation time that becomes 0; ``None``: that of the first frame.
    """

    def __init__(self, step: float, begin_s: float | None = None) -> None:
        self.now = 0.0
        self._step = step
        self._shift = None if begin_s is None else -begin_s

    def place(self, time: float | None) -> float:
        """Seconds since the beginning; a frame without a time comes one step after the last."""
        if time is None:
            if self._shift is None:
                self._shift = 0.0
                return self.now
            self.now += self._step
            return self.now
        if self._shift is None:
            self._shift = -time
        placed = time + self._shift
        if placed < self.now - _JUMP_BACK_S:
            placed = self.now + self._step
            self._shift = placed - time
        self.now = max(self.now, placed)
        return self.now


def _beginning(container: av.container.InputContainer, stream: VideoStream) -> float | None:
    """The presentation time at which the file begins, s: sound may begin before the pictures, as players show it.

    ``None`` where it says none, or one that leaves the pictures no place within the file's length.
    """
    if container.start_time is None or stream.start_time is None or not stream.time_base:
        return None
    begin_s = container.start_time / av.time_base
    late_s = float(stream.start_time * stream.time_base) - begin_s
    return begin_s if 0 <= late_s <= (container.duration or 0) / av.time_base else None


def _duration(container: av.container.InputContainer, stream: VideoStream) -> float | None:
    """How long the file says its video is, from its first frame on, s."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if tag := stream.metadata.get("DURATION"):  # Matroska: 00:00:02.966000000
        try:
            hours, minutes, seconds = tag.split(":")
            ends_s = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
            return ends_s - float((stream.start_time or 0) * (stream.time_base or 0))
        except ValueError:
            pass
    if container.duration and len(container.streams) == 1:
        return container.duration / av.time_base
    return None


def _prepend(first: Frame, rest: Iterator[Frame]) -> Iterator[Frame]:
    yield first
    yield from rest


def _words(error: BaseException) -> str:
    """FFmpeg's message without number and file name."""
    words = getattr(error, "strerror", None) or str(error)
    return words.rstrip(".").lower()
