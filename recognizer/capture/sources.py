"""From what the user wrote after ``--source`` to the thing that gives frames."""

from __future__ import annotations

import enum
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from recognizer.capture.files import ImageFolder, SinglePicture
from recognizer.capture.names import display_name
from recognizer.capture.pictures import MAX_PIXELS, PICTURE_SUFFIXES
from recognizer.capture.video import VideoFile
from recognizer.errors import SourceError
from recognizer.protocols import FrameSource


class SourceKind(enum.Enum):
    """What a source's text means."""

    VIDEO = "a video file"
    FOLDER = "a folder of pictures"
    PICTURE = "a picture"
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
    path = _path(text)
    try:
        if path.is_dir():
            return SourceKind.FOLDER
        if path.match("/dev/video*") or (text.isdecimal() and not path.exists()):
            return SourceKind.WEBCAM
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"{display_name(text)}: wanted a source, this is no possible path ({words}).") from None
    return SourceKind.PICTURE if path.suffix.lower() in PICTURE_SUFFIXES else SourceKind.VIDEO


def open_source(text: str, *, fps: float = 1.0, threads: int = 1, max_pixels: int = MAX_PIXELS) -> FrameSource:
    """Make the source a text names; ``with`` opens it.

    Args:
        text: Path of a video, a folder of pictures or a picture, also as ``file://``.
        fps: Pictures a second of a folder.
        threads: Decoder threads of a video.
        max_pixels: Largest picture or frame that is decoded.

    Raises:
        SourceError: Nothing that can be a source.
    """
    kind = source_kind(text)
    path, name = _path(text.strip()), display_name(text)
    if kind is SourceKind.FOLDER:
        return ImageFolder(path, fps=fps, max_pixels=max_pixels, name=name)
    if kind is SourceKind.PICTURE:
        return SinglePicture(path, max_pixels=max_pixels, name=name)
    if kind is SourceKind.VIDEO:
        return VideoFile(path, threads=threads, max_pixels=max_pixels, name=name)
    # capture/live.py takes these two kinds
    raise SourceError(
        f"{name}: this is {kind.value}; this version reads video files, folders of pictures and single pictures."
    )


def _path(text: str) -> Path:
    if text[:7].lower() == "file://":
        return Path(unquote(urlsplit(text).path))
    return Path(text)
