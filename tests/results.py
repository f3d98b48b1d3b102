"""Frame results made by hand, for tests of sinks and of the history."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recognizer.types import (
    F32,
    U8,
    Event,
    EventKind,
    FaceQuality,
    Frame,
    FrameResult,
    Identity,
    Matches,
    Samples,
    Status,
    Templates,
    Tracks,
)

Box = tuple[float, float, float, float]


def make_tracks(boxes: Sequence[Box], ids: Sequence[int] | None = None) -> Tracks:
    """Tracks at the given boxes, ids from 1."""
    count = len(boxes)
    corners = np.array(boxes, np.float32).reshape(count, 4)
    landmarks = np.repeat(corners[:, None, :2], 5, axis=1)
    numbers = np.array(ids if ids is not None else range(1, count + 1), np.int64)
    rows, verified = np.arange(count, dtype=np.int64), np.ones(count, bool)
    return Tracks(numbers, corners, landmarks, np.full(count, 0.99, np.float32), rows, verified)


def identity(track_id: int, name: str | None = None, status: Status | None = None, similarity: float = 0.6) -> Identity:
    """Known when there is a name, else unknown unless given."""
    status = status or (Status.KNOWN if name else Status.UNKNOWN)
    return Identity(track_id, status, name, similarity, 0.2, ("because",))


def event(kind: EventKind, at: float, *, track_id: int = 1, name: str | None = None, source: str = "clip") -> Event:
    """An event of one face."""
    return Event(kind, track_id, name, 0.61234, 0.2, at, source, (1.04, 2.0, 30.0, 40.0), ("margin 0.20",))


def make_result(
    at: float = 0.0,
    *,
    index: int = 0,
    source: str = "clip",
    image: U8 | None = None,
    size: tuple[int, int] = (64, 48),
    identities: Sequence[Identity] = (),
    boxes: Sequence[Box] | None = None,
    events: Sequence[Event] = (),
    timings: dict[str, float] | None = None,
    samples: Samples | None = None,
) -> FrameResult:
    """A frame's result; faces stand side by side unless their boxes are given."""
    picture = np.full((size[1], size[0], 3), 90, np.uint8) if image is None else image
    if boxes is None:
        boxes = [(10.0 + 20 * i, 10.0, 26.0 + 20 * i, 30.0) for i in range(len(identities))]
    tracks = make_tracks(boxes, [one.track_id for one in identities])
    return FrameResult(
        Frame(picture, index, at, source),
        tracks,
        tuple(identities),
        tuple(events),
        timings if timings else {},
        Samples.empty() if samples is None else samples,
    )


def make_samples(*faces: tuple[int, F32, str | None], eyes_px: float = 40.0, score: float = 0.99) -> Samples:
    """Samples of track, vector and nearest person, all of one quality."""
    count = len(faces)
    parts = (np.full(count, part, np.float32) for part in (eyes_px, 90.0, 5.0, 0.0, score))
    similarities = np.full(count, 0.6, np.float32)
    matches = Matches(tuple(nearest for _, _, nearest in faces), similarities, np.zeros(count, np.float32))
    numbers = np.array([number for number, _, _ in faces], np.int64)
    boxes = np.array([(10.0 + 20 * i, 10.0, 26.0 + 20 * i, 30.0) for i in range(count)], np.float32)
    vectors = np.stack([vector for _, vector, _ in faces])
    templates = Templates(vectors, np.ones(count), np.ones(count, np.int64), np.zeros(count, bool))
    return Samples(numbers, vectors, FaceQuality(*parts), matches, boxes, templates)
