"""The seams: what each replaceable part promises. Fakes of all of them stand in ``tests/fakes.py``.

A source is made, then opened by ``with``; so is a sink. Detector, embedder and index are ready once they are made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from recognizer.types import (
    F32,
    U8,
    AlignedFaces,
    ClassScores,
    DetectionMode,
    DetectionTrigger,
    Embeddings,
    Event,
    FaceDetections,
    Frame,
    FrameResult,
    Matches,
    PictureNeed,
    RefinedFaces,
    SourceChange,
    Tracks,
)
from recognizer.types.frame import CropSource
from recognizer.types.spec import EmbedderSpec


class FrameSource(Protocol):
    """Where frames come from. Iterating yields them in order and ends when there are no more."""

    name: str
    """Display name, without credentials."""
    live: bool
    """True: frames grow old, and newer ones may replace them. False: every frame counts."""

    @property
    def frame_rate(self) -> float | None:
        """Frames a second, known once open; ``None`` where the source does not say."""

    @property
    def frame_count(self) -> int | None:
        """How many frames come in all, known once open; ``None`` where the source does not say, or never ends."""

    @property
    def shortfall(self) -> str | None:
        """What could not be read of a damaged file, in words; ``None`` where nothing is missing."""

    def __enter__(self) -> Self:
        """Open; raises ``SourceError`` when the source cannot be opened."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames; raises ``SourceError`` when the source fails for good."""

    def close(self) -> None:
        """Ask the iteration to end soon; safe from any thread, at any time, more than once."""


@runtime_checkable
class ReportsState(Protocol):
    """A source whose frames may stop and come again."""

    def state_changes(self) -> list[SourceChange]:
        """The changes of state since the last call; depends on the age of the newest frame, so call it often."""


@runtime_checkable
class StateSink(Protocol):
    """A sink that also wants to know how the sources are."""

    def on_source_state(self, change: SourceChange) -> None:
        """Take one change, in order with the results."""


@runtime_checkable
class FollowsGallery(Protocol):
    """A sink that also wants to know who is enrolled."""

    def gallery_changed(self, people: frozenset[str]) -> None:
        """Take the names of all enrolled people after a change; called from the gallery's thread."""


@runtime_checkable
class PictureSink(Protocol):
    """A sink that reads pictures. With recognition in other processes, only wanted pictures come."""

    def picture_need(self, source: str) -> PictureNeed:
        """Return which pictures of a source are wanted now; any thread may ask, a few times a second."""


class Detector(Protocol):
    """Detects faces, and refines rough boxes of faces."""

    def detect(self, images: Sequence[U8], mode: DetectionMode = DetectionMode.EXACT) -> list[FaceDetections]:
        """Find the faces of (H, W, 3) uint8 BGR pictures; one result for each, its rows in no promised order."""

    def refine(self, image: CropSource, boxes: F32, verify: NDArray[np.bool_] | None = None) -> RefinedFaces:
        """Correct (N, 4) rough boxes in one picture; N rows in the same order, score 0 where no pixel is left.

        Rows of (N,) ``verify``, or all without it, are scored by the detector's last net; a cheaper net may do for the
        others. The result says which rows were verified.
        """


class DetectionScheduler(Protocol):
    """Decides, for one source, in which frames to detect."""

    def next_detection(self, image: U8, at: float, *, lost: bool, backlogged: bool = False) -> DetectionTrigger:
        """Return whether to detect in this picture, and why.

        Args:
            image: (H, W, 3) BGR or (H, W) brightness, uint8.
            at: time of the frame, seconds.
            lost: a track was lost since the last frame.
            backlogged: other frames wait.
        """

    def record_detection(self, at: float, *, changed: bool, full: bool) -> None:
        """Record that a detection was run; ``changed``: tracks began or ended with it."""


class Tracker(Protocol):
    """Follows the faces of one source."""

    @property
    def alive(self) -> frozenset[int]:
        """Ids of the tracks that are visible or may still be reacquired."""

    @property
    def lost_now(self) -> bool:
        """Whether a visible track was lost in the last frame."""

    def update(self, at: float, detections: FaceDetections) -> None:
        """Assign the detections of a frame to tracks, old ones and new."""

    def predict(self, at: float) -> tuple[F32, NDArray[np.bool_]]:
        """Return (T, 4) px boxes to refine in this frame, and (T,) which of them to verify."""

    def follow(self, at: float, refined: RefinedFaces) -> Tracks:
        """Move the tracks, in every frame; rows as ``predict`` gave them."""

    def question(self, ids: Collection[int]) -> None:
        """Verify these tracks in the next frame."""

    def split(self, number: int) -> int:
        """End a track and go on with its face under a new id, which is returned."""

    def cut(self) -> None:
        """End all tracks."""


class MountingMonitor(Protocol):
    """Notices that the camera of one source is mounted turned."""

    def update(self, frame: Frame, detector: Detector, *, has_face: bool) -> int | None:
        """Search the frame turned if that is due; return by how many degrees it must be turned, once, when settled."""


class Embedder(Protocol):
    """Turns aligned faces into vectors."""

    model: str
    """Fingerprint: equal only where vectors may be compared."""
    spec: EmbedderSpec
    """What it wants to be shown, and what it gives."""

    def embed(self, faces: AlignedFaces) -> Embeddings:
        """One row for each face, in the same order."""


class Classifier(Protocol):
    """Takes aligned faces for people of its training data."""

    spec: EmbedderSpec

    def classify(self, faces: AlignedFaces, *, best: int = 1) -> ClassScores:
        """The likeliest classes of each face."""


class VectorIndex(Protocol):
    """Finds the nearest enrolled person."""

    def search(self, probes: Embeddings) -> Matches:
        """One row for each probe; raises ``FingerprintError`` when the probes are another model's."""


class Sink(Protocol):
    """Take results, in order, from one thread.

    A sink that fails logs this once, sets ``failed`` and lets the other sinks work. ``recognizer.emit.base.BaseSink``
    has the defaults.
    """

    @property
    def failed(self) -> str | None:
        """Why the output cannot be written, in words; ``None`` while it can."""

    @property
    def closed(self) -> bool:
        """Whether the reader of the output has closed it, as a window; the run then ends."""

    @property
    def lost(self) -> int:
        """Number of results or events that were dropped because the output blocked."""

    def __enter__(self) -> Self:
        """Open; raises ``OutputError`` when the output cannot be written."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish and close."""

    def emit(self, result: FrameResult) -> None:
        """Take one frame's result."""

    def on_end(self, source: str, events: tuple[Event, ...]) -> None:
        """Take the lost events of a source's tracks: it has ended, or its connection was lost.

        Called after the results of all its frames, and before the change of state of a lost connection.
        """


class GraphRunner(Protocol):
    """Runs one neural graph."""

    def run(self, inputs: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        """Feed the single input; returns every output by its name in the graph."""
