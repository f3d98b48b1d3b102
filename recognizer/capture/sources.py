"""From what the user wrote after ``--source`` to the thing that gives frames."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from recognizer.capture.address import complete_address
from recognizer.capture.adjust import AS_IT_IS, Adjusted, Adjustment
from recognizer.capture.animation import Animation, picture_count
from recognizer.capture.decoder import Deblock
from recognizer.capture.files import ImageFolder, SinglePicture
from recognizer.capture.http import SNAPSHOT_INTERVAL_S, HttpStream
from recognizer.capture.live import LiveSource
from recognizer.capture.names import display_name
from recognizer.capture.network import MAX_STREAM_PIXELS, NetworkStream
from recognizer.capture.paths import local_path
from recognizer.capture.pictures import MAX_PIXELS, PICTURE_SUFFIXES
from recognizer.capture.video import VideoFile
from recognizer.capture.webcam import Webcam
from recognizer.errors import SourceError
from recognizer.protocols import FrameSource


class SourceKind(enum.Enum):
    """What a source's text means."""

    VIDEO = "a video file"
    FOLDER = "a folder of pictures"
    PICTURE = "a picture"
    ANIMATION = "an animated picture"
    WEBCAM = "a webcam"
    STREAM = "a network stream"


_STREAM_SCHEMES = frozenset({"rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "udp", "rtp", "srt"})


def source_kind(text: str) -> SourceKind:
    """Tell the kind of a source by its text, and for paths by what is there.

    Raises:
        SourceError: Empty, or an address of a kind that is not read.
    """
    text = text.strip()
    if not text:
        raise SourceError("wanted a source, got an empty text; pass a video file, a folder of pictures or a picture.")
    scheme = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*)://", text)
    if scheme and scheme[1].lower() in _STREAM_SCHEMES:
        return SourceKind.STREAM
    if scheme and scheme[1].lower() != "file":
        known = ", ".join(sorted(_STREAM_SCHEMES))
        raise SourceError(f"{display_name(text)}: addresses of kind {scheme[1]} are not read; known are {known}.")
    path = local_path(text)
    try:
        if path.is_dir():
            return SourceKind.FOLDER
        if path.match("/dev/video*") or (text.isdecimal() and not path.exists()):
            return SourceKind.WEBCAM
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"{display_name(text)}: wanted a source, this is no possible path ({words}).") from None
    if picture_count(path) > 1:
        return SourceKind.ANIMATION
    return SourceKind.PICTURE if path.suffix.lower() in PICTURE_SUFFIXES else SourceKind.VIDEO


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """How to read a source; options that do not fit its kind are ignored."""

    name: str | None = None
    """Display name; the address without credentials by default."""
    fps: float = 1.0
    """Pictures a second of a folder."""
    threads: int = 1
    """Decoder threads of a video."""
    deblock: Deblock = "all"
    """Of a video or a stream: frames whose block edges are smoothed."""
    max_pixels: int = MAX_PIXELS
    """Largest frame of a video or a network stream that is decoded."""
    width: int | None = None
    """Of a webcam, px."""
    height: int | None = None
    rate: float | None = None
    """Frames a second of a webcam; pictures a second to request of a snapshot address, 1 by default."""
    transport: str = "tcp"
    """Of RTSP: ``tcp``, with UDP where the camera does not speak it, or ``udp``."""
    password_env: str | None = None
    """Of a stream: environment variable that holds the password of the user that the address names."""
    password_file: Path | None = None
    """Of a stream: file that holds it."""
    adjustment: Adjustment = AS_IT_IS
    """What is done to each picture."""


def open_source(text: str, options: SourceOptions | None = None) -> FrameSource:
    """Make the source that a text names; ``with`` opens it.

    Args:
        text: Path of a video, a folder of pictures or a picture, also as ``file://``; number or path of a webcam;
            address of a network stream.
        options: How it is read: transport, rate, time-outs.

    Raises:
        SourceError: Nothing that can be a source.
    """
    options = options or SourceOptions()
    source = _source(text.strip(), source_kind(text), options)
    return source if options.adjustment == AS_IT_IS else Adjusted(source, options.adjustment)


def _source(text: str, kind: SourceKind, options: SourceOptions) -> FrameSource:
    path, name = local_path(text), options.name or default_name(text)
    if kind is SourceKind.FOLDER:
        return ImageFolder(path, fps=options.fps, name=name)
    if kind is SourceKind.PICTURE:
        return SinglePicture(path, name=name)
    if kind is SourceKind.ANIMATION:
        return Animation(path, max_pixels=options.max_pixels, name=name)
    if kind is SourceKind.VIDEO:
        return VideoFile(
            path, threads=options.threads, deblock=options.deblock, max_pixels=options.max_pixels, name=name
        )
    if kind is SourceKind.WEBCAM:
        device = int(text) if text.isdecimal() else text
        camera = Webcam(device, width=options.width, height=options.height, rate=options.rate)
        return LiveSource(camera, name=name, fixed=True)
    address = complete_address(text, password_env=options.password_env, password_file=options.password_file)
    address = re.sub(r"^[^:]+", lambda scheme: scheme[0].lower(), address)  # FFmpeg knows schemes in small letters only
    stream = partial(
        NetworkStream,
        address,
        transport=options.transport,
        name=name,
        deblock=options.deblock,
        max_pixels=min(options.max_pixels, MAX_STREAM_PIXELS),
    )
    if text[:4].lower() == "http":  # play lists come in segments of some seconds
        interval_s = 1 / options.rate if options.rate else SNAPSHOT_INTERVAL_S
        polled = HttpStream(stream(open_s=10, read_s=10), name=name, interval_s=interval_s)
        return LiveSource(polled, name=name, stall_s=5 + interval_s)
    return LiveSource(stream(), name=name)


def require_openable(source: FrameSource) -> None:
    """Make sure, before any other work, that a source is there; a network camera may come later.

    Raises:
        SourceError: It is not.
    """
    inner = source.source if isinstance(source, Adjusted) else source
    if not isinstance(inner, LiveSource):
        with source:
            pass
    elif inner.fixed:
        inner.require()


def default_name(text: str) -> str:
    """What a source is called when nobody named it: its text without credentials."""
    text = text.strip()
    return f"webcam {text}" if text.isdecimal() and not local_path(text).exists() else display_name(text)
