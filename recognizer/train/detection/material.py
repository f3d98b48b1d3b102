"""Pictures with the faces that MTCNN finds in them, each labelled once and kept in one file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from loguru import logger

from recognizer.capture.pictures import read_picture
from recognizer.capture.video import VideoFile
from recognizer.errors import ImageError, InputError
from recognizer.types import U8, FaceDetections

Find = Callable[[U8], FaceDetections]
LARGEST_PX = 960
"""Longest side of a picture that is kept; larger ones are made smaller."""
USUAL_BOX = np.array([14.9, 11.4, 94.4, 117.1], np.float32)
"""Where MTCNN's box lies in an aligned 112 x 112 crop: mean over 192 pictures of LFW, spread 3 to 7 px."""
SURE_SCORE = 0.85
"""Below it a box is a hand or a flower about as often as a face: nothing is learned from it, either way."""
EVERY_S = 0.2
"""Between two frames of a video that are kept."""


class Material:
    """Pictures and their faces by number; opened when needed, so that another process gets a name, not gigabytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        index = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        self._shapes: list[tuple[int, int]] = [(row["height"], row["width"]) for row in index]
        self._starts = np.cumsum([0, *(3 * height * width for height, width in self._shapes)])
        rows = [np.array(row["faces"], np.float32).reshape(-1, 15) for row in index]
        self.faces = [row[:, :5] for row in rows]
        """Of each picture (N, 5): x1, y1, x2, y2 px, score."""
        self.landmarks = [row[:, 5:].reshape(-1, 5, 2) for row in rows]
        """Of each picture (N, 5, 2) px."""
        self.with_faces = np.array([number for number, faces in enumerate(self.faces) if len(faces)], np.int64)
        self._bytes: U8 | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_bytes": None}

    def __len__(self) -> int:
        return len(self._shapes)

    def __getitem__(self, number: int) -> U8:
        """(H, W, 3) BGR."""
        if self._bytes is None:
            self._bytes = np.memmap(self.path, np.uint8, "r")
        height, width = self._shapes[number]
        return np.asarray(self._bytes[self._starts[number] : self._starts[number + 1]]).reshape(height, width, 3)


def gather(pictures: Iterable[U8], find: Find, path: Path) -> Material:
    """Detect the faces of each picture and keep both in ``path``, unless that is done."""
    if not path.with_suffix(".json").exists():
        logger.info("Detecting faces for {}.", path)
        path.parent.mkdir(parents=True, exist_ok=True)
        index = []
        part = path.with_suffix(".part")
        with part.open("wb") as out:
            for picture in pictures:
                scale = LARGEST_PX / max(picture.shape[:2])
                if scale < 1:
                    picture = np.asarray(
                        cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
                    )
                found = find(picture)
                rows = np.column_stack([found.boxes, found.scores, found.landmarks.reshape(-1, 10)])
                index.append({"height": picture.shape[0], "width": picture.shape[1], "faces": rows.tolist()})
                out.write(np.ascontiguousarray(picture).tobytes())
        if not index:
            raise InputError(f"There is no picture for {path.name}.")
        os.replace(part, path)
        part.write_text(json.dumps(index), encoding="utf-8")
        os.replace(part, path.with_suffix(".json"))
    return Material(path)


def pictures_in(folders: Sequence[Path]) -> list[Path]:
    """All JPEG and PNG files below the folders.

    Raises:
        InputError: if a folder is missing.
    """
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"data.photos: there is no folder {folder}.")
    found = (path for folder in folders for path in folder.rglob("*"))
    return sorted(path for path in found if path.suffix.lower() in (".jpg", ".jpeg", ".png"))


def read(pictures: Sequence[Path]) -> Iterator[U8]:
    """The pictures, without those that cannot be read."""
    for path in pictures:
        try:
            yield read_picture(path)
        except ImageError as error:
            logger.warning("{} The picture is dropped.", error)


def frames_of(videos: Sequence[Path]) -> Iterator[U8]:
    """Frames of the videos, a few a second."""
    for video in videos:
        due = 0.0
        with VideoFile(video) as clip:
            for frame in clip:
                if frame.captured_at >= due:
                    due = frame.captured_at + EVERY_S
                    yield frame.image
