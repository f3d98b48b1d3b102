"""A network camera, read by FFmpeg through PyAV: RTSP over TCP, MJPEG and HLS over HTTP.

Measured against a real RTSP server: without time-outs a silent server blocks for ever; a killed one just ends the
iteration; a read time-out of T raises after 2 T; the small probe opens in 0.25 s instead of 1.13 s.
Certificates are not checked, as cameras sign their own: TLS keeps listeners out, not who poses as the camera.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import av
import av.container
import av.error
from av.video.stream import VideoStream

from recognizer.capture.connection import CameraError, FailureKind
from recognizer.capture.decoder import BgrConverter, Deblock, Picture, decoder_options
from recognizer.capture.live import TimedFrames
from recognizer.capture.pictures import MAX_PIXELS
from recognizer.errors import SourceError

_PROTOCOLS = "rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,httpproxy,crypto,hls,rtmp,rtmps,srt"
"""What an address may lead to; not files, which a play list could name."""
_DAMAGED_IN_A_ROW = 250
"""Packets without one picture after which a stream counts as broken."""
_REFUSED = (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError)
_WRONG_PLACE = (av.error.HTTPNotFoundError, av.error.HTTPBadRequestError, av.error.HTTPOtherClientError)


class NetworkStream:
    """Opens and reads a stream; a new FFmpeg object each time.

    Args:
        address: With credentials, if need be; it never leaves this object.
        transport: ``tcp`` or ``udp``, for RTSP.
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
        open_s: float = 5.0,
        read_s: float = 1.0,
        deblock: Deblock = "all",
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        self._address = address
        self._transport = transport
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
            with self._open() as container:
                stream = self._video(container)
                self.format = container.format.name
                self.length_s = _length_s(container)
                self._go_on(container)
                paced = container.format.name not in {"rtsp", "mpjpeg", "rtp"}
                yield from self._read(container, stream, stop, paced=paced)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            failure = _told(error)
        except SourceError as error:
            failure = CameraError(str(error))
        if failure is not None:  # raised out here: the other error's text holds the address
            raise failure

    def _open(self) -> av.container.InputContainer:
        options = {
            "protocol_whitelist": _PROTOCOLS,
            "analyzeduration": "200000",
            "probesize": "500000",
        }
        if self._address[:4].lower() == "rtsp":
            options["rtsp_transport"] = self._transport
        if self._address[:4].lower() == "http":  # FFmpeg 8 seeks on a connection that the server has closed otherwise
            options["multiple_requests"] = "1"
        return av.open(self._address, options=options, timeout=self._timeout)

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
        converter, pace = BgrConverter("the camera", aspect=stream.sample_aspect_ratio), _Pace()
        damaged, shown = 0, False
        for packet in container.demux(stream):
            arrived = time.monotonic()
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
                yield time.monotonic() if paced else arrived, Picture(picture, converter)
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


def _told(error: BaseException) -> CameraError:
    """What went wrong, in words that hold no address."""
    if isinstance(error, _REFUSED):
        return CameraError("the camera refuses the user name or the password", FailureKind.REFUSED)
    if isinstance(error, _WRONG_PLACE):
        return CameraError("the server has no such stream; check the path of the address", FailureKind.WRONG_PLACE)
    if isinstance(error, av.error.ExitError):
        return CameraError("no answer in time")
    words = getattr(error, "strerror", None) or type(error).__name__
    return CameraError(words.rstrip(".").lower())
