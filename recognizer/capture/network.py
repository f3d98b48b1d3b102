"""A network camera, read by FFmpeg through PyAV: RTSP over TCP, MJPEG and HLS over HTTP.

Measured against a real RTSP server: without time-outs a silent server blocks for ever; a killed one just ends the
iteration; a read time-out of T raises after 2 T; the small probe opens in 0.25 s instead of 1.13 s. The packets of the
probe are kept (no ``fflags=nobuffer``): they hold the first key frame, and the next one may come after 10 s.
Certificates are not checked, as cameras sign their own: TLS keeps listeners out, not who poses as the camera.
"""

from __future__ import annotations

import errno
import socket
import threading
import time
from contextlib import suppress
from functools import partial
from urllib.parse import urlsplit

import av
import av.container
import av.error
from av.video.stream import VideoStream
from loguru import logger

from recognizer.capture.capture_clock import CaptureClock
from recognizer.capture.connection import CameraError, FailureKind
from recognizer.capture.decoder import BgrConverter, Deblock, Picture, decoder_options
from recognizer.capture.live import TimedFrames
from recognizer.capture.packet_limit import LARGEST_PACKET_BYTES, limit_blocks
from recognizer.capture.redirects import following
from recognizer.errors import SourceError

_PROTOCOLS = "rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,httpproxy,crypto,hls,rtmp,rtmps,srt"
"""What an address may lead to; not files, which a play list could name."""
MAX_STREAM_PIXELS = 2**24
"""16.8 megapixels, twice 4K: a larger stream takes more than 200 MB with the frames that wait for recognition."""
_RTSP_PORT = 554
_DAMAGED_IN_A_ROW = 250
"""Packets without one picture after which a stream counts as broken."""
_REFUSED = (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError)
_WRONG_PLACE = (av.error.HTTPNotFoundError, av.error.HTTPBadRequestError, av.error.HTTPOtherClientError)


class NetworkStream:
    """Opens and reads a stream; a new FFmpeg object each time.

    Args:
        address: With credentials, if need be; it never leaves this object.
        transport: ``tcp`` or ``udp``, of RTSP. Where the camera does not speak TCP, or sends nothing over it, UDP is
            tried, and used from then on.
        name: What messages call it.
        open_s: Longest wait for the connection and the stream's description.
        read_s: Longest silence; FFmpeg gives up after twice that.
        deblock: Frames whose block edges are smoothed.
        max_pixels: Largest width times height that is decoded.
    """

    def __init__(
        self,
        address: str,
        *,
        transport: str = "tcp",
        name: str = "the camera",
        open_s: float = 5.0,
        read_s: float = 1.0,
        deblock: Deblock = "all",
        max_pixels: int = MAX_STREAM_PIXELS,
    ) -> None:
        self._address = address
        self._transport = transport
        self._proven = transport == "udp"
        """Pictures came over this transport, or the user chose it."""
        self._name = name
        self._timeout = (open_s, read_s)
        self._deblock, self._max_pixels = deblock, max_pixels
        self.format = ""
        """FFmpeg's name of what the newest connection gives."""
        self.length_s: float | None = None
        """How long that is; ``None`` where it has no end."""
        self.reached_s = 0.0
        """Time of its newest picture; of what has an end, the next connection goes on behind it."""

    def __repr__(self) -> str:
        return "NetworkStream(...)"

    def frames(self, stop: threading.Event) -> TimedFrames:
        """Open, decode until the stream ends or ``stop`` is set, close.

        Raises:
            CameraError: With FFmpeg's words, never with its address.
        """
        failure: CameraError | None = None
        try:
            yield from self._frames(stop)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            failure = _camera_error(error)
        except SourceError as error:
            failure = CameraError(str(error))
        if failure is not None:  # raised out here: the other error's text holds the address
            raise failure

    def _frames(self, stop: threading.Event) -> TimedFrames:
        try:
            yield from self._frames_over_transport(stop)
        except (av.error.FFmpegError, OSError) as error:
            if stop.is_set() or not self._rtsp or not self._other_transport_helps(error):
                raise
        else:
            return
        before, self._transport = self._transport, "udp" if self._transport == "tcp" else "tcp"
        try:
            yield from self._frames_over_transport(stop)
        finally:
            if not self._proven:
                self._transport = before

    def _other_transport_helps(self, error: BaseException) -> bool:
        if getattr(error, "errno", None) == errno.EPROTONOSUPPORT:  # RTSP's status 461
            self._proven = False
            return True
        if self._proven:
            return False
        # an answer that names another transport, or no frame
        return isinstance(error, av.error.InvalidDataError) or (
            isinstance(error, av.error.ExitError) and _answers(self._address)
        )

    def _frames_over_transport(self, stop: threading.Event) -> TimedFrames:
        with self._open() as container:
            stream = self._video(container)
            self.format = container.format.name
            self.length_s = _length_s(container)
            self._go_on(container)
            paced = container.format.name not in {"rtsp", "mpjpeg", "rtp"}
            for timed in self._read(container, stream, stop, paced=paced):
                if not self._proven:
                    self._proven = True
                    if self._rtsp and self._transport == "udp":
                        logger.warning(
                            "{}: the camera sends nothing over TCP; UDP is used, which may lose packets. "
                            "'transport: udp' in the settings saves the attempt.",
                            self._name,
                        )
                yield timed

    @property
    def _rtsp(self) -> bool:
        return self._address[:4].lower() == "rtsp"

    def _open(self) -> av.container.InputContainer:
        options = {
            "protocol_whitelist": _PROTOCOLS,
            "analyzeduration": "200000",
            "probesize": "500000",
        }
        limit_blocks()
        if self._rtsp:
            options["rtsp_transport"] = self._transport
        if self._address[:4].lower() != "http":
            return av.open(self._address, options=options, timeout=self._timeout)
        # FFmpeg 8 seeks on a connection that the server has closed otherwise
        options |= {"multiple_requests": "1", "max_redirects": "0"}
        opened = partial(av.open, options=options, timeout=self._timeout)
        return following(self._address, opened, timeout_s=self._timeout[0])

    def _video(self, container: av.container.InputContainer) -> VideoStream:
        if not container.streams.video:
            raise CameraError("the stream holds no video", FailureKind.WRONG_PLACE)
        stream = container.streams.video[0]
        if (stream.width or 0) * (stream.height or 0) > self._max_pixels:
            raise CameraError(
                f"its pictures have {stream.width} x {stream.height} pixels, wanted at most {self._max_pixels:,}; "
                "choose a smaller stream of the camera",
                FailureKind.WRONG_PLACE,
            )
        stream.codec_context.thread_count = 1  # frame threads would each hold back a frame
        stream.thread_type = "NONE"
        codec = stream.codec_context
        options = decoder_options(codec.name, deblock=self._deblock, max_pixels=self._max_pixels)
        codec.options = options | {"flags": "low_delay"}
        return stream

    def _read(
        self, container: av.container.InputContainer, stream: VideoStream, stop: threading.Event, *, paced: bool
    ) -> TimedFrames:
        converter = BgrConverter(self._name, aspect=stream.sample_aspect_ratio)
        pace, clock = _Pace(), CaptureClock()
        damaged, shown = 0, False
        packets = container.demux(stream)
        while True:
            began = time.monotonic()
            try:
                packet = next(packets, None)
            except av.error.ExitError:
                if stream.width or container.format.name != "mpjpeg":
                    raise
                raise _too_large() from None  # neither the probe nor this found the end of its first picture
            if packet is None:
                return
            arrived = time.monotonic()
            if packet.size > LARGEST_PACKET_BYTES:
                raise _too_large(packet.size)
            pictures = _decoded(packet)
            damaged = 0 if pictures else damaged + 1
            if damaged > _DAMAGED_IN_A_ROW:
                raise CameraError(f"{damaged} packets in a row could not be decoded")
            for picture in pictures:
                if self.length_s and picture.time is not None:
                    if 0 < picture.time <= self.reached_s:
                        continue
                    self.reached_s = picture.time
                if paced and not pace.wait(picture, stop):
                    return
                if not shown:
                    converter.convert(picture)  # a camera that sends what cannot be shown costs the others nothing
                    shown = True
                # MJPEG over HTTP carries no times: FFmpeg counts 25 pictures a second, whatever comes
                time_s = None if container.format.name == "mpjpeg" else picture.time
                at = (
                    time.monotonic()
                    if paced
                    else clock.captured_at(time_s, arrived_s=arrived, waited_s=arrived - began)
                )
                yield at, Picture(picture, converter)
            if stop.is_set():
                return

    def _go_on(self, container: av.container.InputContainer) -> None:
        """Seek to where the last connection broke; a server that cannot seek sends it all again, which is skipped."""
        if self.length_s is None:
            self.reached_s = 0.0
        elif self.reached_s:
            with suppress(av.error.FFmpegError):
                container.seek(int(self.reached_s * av.time_base))


def _length_s(container: av.container.InputContainer) -> float | None:
    """How long a file, or a play list with an end, is over HTTP; s."""
    begin = max(0, container.start_time or 0)
    return (begin + container.duration) / av.time_base if container.duration else None


class _Pace:
    """Plays what comes in bursts, as HLS segments do, at its own speed."""

    _LONGEST_S = 30.0

    def __init__(self) -> None:
        self._start: float | None = None

    def wait(self, picture: av.VideoFrame, stop: threading.Event) -> bool:
        """Wait until the picture is due; False when asked to stop meanwhile."""
        if picture.time is None:
            return not stop.is_set()
        now = time.monotonic()
        if self._start is None or not -self._LONGEST_S < self._start + picture.time - now < self._LONGEST_S:
            self._start = now - picture.time
        late = now - (self._start + picture.time)
        if late > 0:
            self._start += late  # the next segment came late: go on from here rather than hurry
            return not stop.is_set()
        return not stop.wait(-late)


def _decoded(packet: av.Packet[VideoStream]) -> list[av.VideoFrame]:
    try:
        return [p for p in packet.decode() if isinstance(p, av.VideoFrame) and not p.is_corrupt]
    except av.error.InvalidDataError:
        return []


def _answers(address: str) -> bool:
    """Whether the server takes connections, so that silence is about the stream."""
    try:
        parts = urlsplit(address)
        with socket.create_connection((parts.hostname, parts.port or _RTSP_PORT), timeout=1.0):
            return True
    except (OSError, ValueError):
        return False


def _too_large(size: int | None = None) -> CameraError:
    got = f"of {size / 2**20:.0f} MB" if size else "without an end"
    return CameraError(
        f"it sends a picture {got}, wanted at most {LARGEST_PACKET_BYTES // 2**20} MB", FailureKind.WRONG_PLACE
    )


def _camera_error(error: BaseException) -> CameraError:
    """What went wrong, in words that hold no address."""
    if isinstance(error, MemoryError):
        return _too_large()
    if isinstance(error, _REFUSED):
        return CameraError("the camera refuses the user name or the password", FailureKind.REFUSED)
    if isinstance(error, _WRONG_PLACE):
        return CameraError("the server has no such stream; check the path of the address", FailureKind.WRONG_PLACE)
    if isinstance(error, av.error.ExitError):
        return CameraError("no answer in time")
    words = getattr(error, "strerror", None) or type(error).__name__
    return CameraError(words.rstrip(".").lower())
