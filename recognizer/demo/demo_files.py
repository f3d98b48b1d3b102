"""Files of the demonstration: gallery and clip are written, the event log is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
from loguru import logger

from recognizer.demo import demo_clip
from recognizer.emit.video import VideoWriter
from recognizer.errors import OutputError
from recognizer.types import Frame, FrameResult, Tracks


def write_gallery(folder: Path) -> None:
    """Write the photos to enrol, one folder per person.

    Raises:
        OutputError: if they cannot be written.
    """
    for person, files in demo_clip.GALLERY.items():
        for file in files:
            _, data = cv2.imencode(".jpg", demo_clip.gallery_photo(file), [cv2.IMWRITE_JPEG_QUALITY, 92])
            path = folder / person / file
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data.tobytes())
            except OSError as error:
                raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error


def write_clip(path: Path, ends_s: float = demo_clip.LENGTH_S) -> None:
    """Render the clip, or as much of it as ends before ``ends_s`` seconds, into a video file.

    Raises:
        OutputError: if it cannot be written.
    """
    with VideoWriter(path, render=lambda result: result.frame.image, quantiser=18) as writer:
        for index, (at_s, image) in enumerate(demo_clip.frames(ends_s=ends_s)):
            writer.emit(FrameResult(Frame(image, index, at_s, "demo"), Tracks.empty(), (), ()))
    if writer.failed:
        raise OutputError(f"The clip {path} cannot be written: {writer.failed}.")
    logger.debug("clip: {} frames, {}", writer.frames, path)


def read_events(path: Path) -> list[dict[str, Any]]:
    """Read the objects of an event log.

    Raises:
        OutputError: if the log was not written.
    """
    try:
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise OutputError(f"The event log {path} of this run cannot be read: {error}.") from error
