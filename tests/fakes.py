"""Small stand-ins for the seams of ``recognizer.protocols``, and pictures that they understand."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.capture.connection import CameraError
from recognizer.capture.live import TimedFrames
from recognizer.emit.base import BaseSink
from recognizer.errors import ImageError, OutputError
from recognizer.geometry import ARCFACE_TEMPLATE, iou
from recognizer.models.published_specs import EDGEFACE
from recognizer.runtime.channels import SinkMessage, SourceEnd
from recognizer.types import (
    CROP_SIZE_PX,
    EMBEDDING_SIZE,
    F32,
    U8,
    AlignedFaces,
    DetectionMode,
    Embeddings,
    Event,
    FaceDetections,
    Frame,
    FrameResult,
    Matches,
    RefinedFaces,
    SourceChange,
)
from recognizer.types.frame import CropSource
from recognizer.types.spec import EmbedderSpec

_FACE_GREEN = 200


def face_picture(*faces: tuple[int, int], side: int = 120, width: int | None = None) -> U8:
    """A grey picture with painted squares that the fakes below take for faces, side by side.

    Args:
        faces: (person, variation) of each, both from 0 to 12; the first is the largest, the others half its side.
        side: of the first face, px; its eyes are 0.31 times that far apart.
        width: of the picture, px; as wide as needed when ``None``.
    """
    sides = [side if place == 0 else side // 2 for place in range(len(faces))]
    needed = sum(sides) + 20 * (len(sides) + 1)
    image = np.full((side + 40, width or needed, 3), 90, np.uint8)
    left = 20
    for (person, variation), extent in zip(faces, sides, strict=True):
        image[20 : 20 + extent, left : left + extent] = (person * 20, _FACE_GREEN, variation * 20)
        left += extent + 20
    return image


def save_picture(path: Path, image: U8) -> None:
    """Write a picture without loss, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _, data = cv2.imencode(".png", image)
    path.write_bytes(data.tobytes())


def read_picture(path: Path) -> U8:
    """Read what ``save_picture`` wrote."""
    image = cv2.imdecode(np.frombuffer(path.read_bytes() or b"\0", np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ImageError(f"{path} is not a picture.")
    return np.asarray(image, np.uint8)


class PaintedFaceDetector:
    """Finds the squares of ``face_picture``; counts the pictures it was shown."""

    def __init__(self, *, score: float = 0.999) -> None:
        self.score = score
        self.shown = 0

    def detect(self, images: Sequence[U8], mode: DetectionMode = DetectionMode.EXACT) -> list[FaceDetections]:
        self.shown += len(images)
        return [self._faces(image) for image in images]

    def refine(self, image: CropSource, boxes: F32, verify: NDArray[np.bool_] | None = None) -> RefinedFaces:
        """The painted square under each box, if one is there; else the given box."""
        painted = self._faces(image).boxes if isinstance(image, np.ndarray) else boxes[:0]
        near = iou(boxes, painted)
        places = [
            painted[row.argmax()] if row.max(initial=0) > 0.5 else box for row, box in zip(near, boxes, strict=True)
        ]
        return RefinedFaces.of(self._at(np.array(places, np.float32).reshape(-1, 4)), verified=True)

    def _at(self, boxes: F32) -> FaceDetections:
        landmarks = np.stack([_landmarks(box) for box in boxes]) if len(boxes) else np.zeros((0, 5, 2), np.float32)
        return FaceDetections(boxes, np.full(len(boxes), self.score, np.float32), landmarks)

    def _faces(self, image: U8) -> FaceDetections:
        mask = np.asarray(image[:, :, 1] == _FACE_GREEN, np.uint8)
        _, _, statistics, _ = cv2.connectedComponentsWithStats(mask)
        corners = statistics[1:, :2].astype(np.float32)
        boxes = np.concatenate([corners, corners + statistics[1:, 2:4]], axis=1).astype(np.float32)
        return self._at(boxes)


def _landmarks(box: F32) -> F32:
    return np.asarray(ARCFACE_TEMPLATE / CROP_SIZE_PX * (box[2:] - box[:2]) + box[:2], np.float32)


class PaintedFaceEmbedder:
    """Reads person and variation from the middle of a crop: cosine 0.8 within a person, near 0 between people."""

    def __init__(self, *, model: str = "painted-0123456789ab", spec: EmbedderSpec = EDGEFACE) -> None:
        self.model = model
        self.spec = spec
        self.batches = 0
        self.embedded = 0

    def embed(self, faces: AlignedFaces) -> Embeddings:
        self.batches += len(faces) > 0
        self.embedded += len(faces)
        middle = self.spec.crop.size_px // 2
        middles = faces.crops[:, middle, middle].astype(np.float32) / 20
        vectors = [painted_vector(round(float(blue)), round(float(red))) for red, _, blue in middles]
        stacked = np.stack(vectors) if vectors else np.zeros((0, EMBEDDING_SIZE), np.float32)
        return Embeddings(stacked, np.ones(len(vectors), np.float32), self.model)


def painted_vector(person: int, variation: int) -> F32:
    """The (512,) unit vector of a painted face."""
    vector = _direction(person) + 0.5 * _direction(100 + 20 * person + variation)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def _direction(seed: int) -> F32:
    direction = np.random.default_rng(seed).standard_normal(EMBEDDING_SIZE)
    return np.asarray(direction / np.linalg.norm(direction), np.float32)


class PaintedGallery:
    """Twelve painted people, each enrolled with variation 0."""

    def search(self, probes: Embeddings) -> Matches:
        people = np.stack([painted_vector(person, 0) for person in range(12)])
        cosines = probes.vectors @ people.T
        ordered = np.sort(cosines, axis=1)
        names = tuple(f"person {nearest}" for nearest in cosines.argmax(axis=1))
        return Matches(names, np.ascontiguousarray(ordered[:, -1]), np.ascontiguousarray(ordered[:, -2]))


class ListedSource:
    """A source of frames made beforehand; may fail at its end."""

    frame_rate: float | None = None
    frame_count: int | None = None
    shortfall: str | None = None

    def __init__(
        self,
        frames: Sequence[Frame],
        *,
        name: str = "clip",
        live: bool = False,
        error: Exception | None = None,
        fails_to_open: Exception | None = None,
    ) -> None:
        self.name = name
        self.live = live
        self.opened = 0
        self.closed = 0
        self._frames = frames
        self._error = error
        self._fails_to_open = fails_to_open
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        if self._fails_to_open is not None:
            raise self._fails_to_open
        self.opened += 1
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._frames:
            if self._stop.is_set():
                return
            yield frame
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        self.closed += 1
        self._stop.set()


class ScriptedCamera:
    """A camera whose openings go as written: the first item for the first one, the last for all others.

    A number is how many frames come before the stream ends; an error is raised instead; "hang" sends nothing more
    until it is asked to stop.
    """

    def __init__(self, *script: int | CameraError | str, interval_s: float = 0.0) -> None:
        self.opened = 0
        self.released = 0
        self.threads: set[int] = set()
        self._script = script
        self._interval_s = interval_s

    def frames(self, stop: threading.Event) -> TimedFrames:
        act = self._script[min(self.opened, len(self._script) - 1)]
        self.opened += 1
        self.threads.add(threading.get_ident())
        try:
            if isinstance(act, CameraError):
                raise CameraError(act.why, act.failure)
            for _ in range(act if isinstance(act, int) else 1):
                yield time.monotonic(), face_picture((3, 0), side=60)
                stop.wait(self._interval_s)
            if act == "hang":
                stop.wait(20)
        finally:
            self.threads.add(threading.get_ident())
            self.released += 1


class ListSink(BaseSink):
    """Keeps results, ends and changes of state of sources; may fail at one of the results."""

    def __init__(self, *, fail_at: int | None = None, wait_s: float = 0) -> None:
        self.results: list[FrameResult] = []
        self.changes: list[SourceChange] = []
        self.messages: list[SinkMessage] = []
        self.open = False
        self._fail_at = fail_at
        self._wait_s = wait_s

    def __enter__(self) -> Self:
        self.open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.open = False

    def emit(self, result: FrameResult) -> None:
        if len(self.results) == self._fail_at:
            raise OutputError("the disk is full")
        time.sleep(self._wait_s)
        self.results.append(result)
        self.messages.append(result)

    def on_end(self, source: str, events: tuple[Event, ...]) -> None:
        self.messages.append(SourceEnd(source, events))

    @property
    def indices(self) -> list[int]:
        return [result.frame.index for result in self.results]

    @property
    def events(self) -> list[Event]:
        """All events, in order."""
        return [e for message in self.messages if not isinstance(message, SourceChange) for e in message.events]

    def on_source_state(self, change: SourceChange) -> None:
        self.changes.append(change)
        self.messages.append(change)
