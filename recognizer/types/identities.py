"""Who the faces are: matches, identities, events and the result of a frame."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recognizer.types.arrays import EMBEDDING_SIZE, F32, I64
from recognizer.types.faces import FaceQuality, Tracks
from recognizer.types.frame import Frame
from recognizer.types.rows import Rows, require


@dataclass(frozen=True, slots=True, eq=False)
class Matches(Rows):
    """The nearest enrolled person of each probe."""

    names: tuple[str | None, ...]
    """(K,) the nearest person; ``None`` where nobody is enrolled."""
    similarities: F32
    """(K,) cosine to that person in [-1, 1]; -1 where nobody is enrolled."""
    runner_up: F32
    """(K,) cosine to the nearest *other* person; -1 where there is none."""
    notes: tuple[str | None, ...] = ()
    """(K,) why there is no person, where somebody rejected the match; ``None`` elsewhere, and by default."""

    def __post_init__(self) -> None:
        if not self.notes:
            object.__setattr__(self, "notes", (None,) * len(self.names))
        require(self, "similarities", self.similarities, np.float32, (None,))
        require(self, "runner_up", self.runner_up, np.float32, (None,))
        self._require_aligned()

    @classmethod
    def empty(cls) -> Self:
        """No probes."""
        return cls((), np.zeros(0, np.float32), np.zeros(0, np.float32))


class Status(enum.Enum):
    """Whether a track's person is known."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """The identity of a track, with its evidence.

    >>> who = Identity(3, Status.KNOWN, "Ada Lovelace", similarity=0.71, margin=0.42)
    >>> who.name if who.status is Status.KNOWN else "unknown"
    'Ada Lovelace'
    """

    track_id: int
    status: Status
    name: str | None
    """The enrolled person when KNOWN, else ``None``."""
    similarity: float
    """Cosine of the track's template to the nearest person, in [-1, 1]."""
    margin: float
    """How much nearer that person is than the next one."""
    reasons: tuple[str, ...] = ()
    """In words: evidence for the status, or what is still missing."""
    first_at: float | None = None
    """When the track's face was first detected, seconds, the clock of ``Frame.captured_at``."""


class EventKind(enum.Enum):
    """What happened to a track."""

    APPEARED = "appeared"
    RECOGNISED = "recognised"
    CHANGED = "changed"
    LOST = "lost"


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """A change of a track's identity or presence, reported once.

    >>> event = Event(EventKind.RECOGNISED, 3, "Ada Lovelace", 0.71, 0.42, 12.5, "door", (80.0, 40.0, 160.0, 150.0))
    >>> f"{event.at} s, {event.source}: {event.name} {event.kind.value}"
    '12.5 s, door: Ada Lovelace recognised'
    """

    kind: EventKind
    track_id: int
    name: str | None
    similarity: float
    margin: float
    at: float
    """Seconds, the clock of ``Frame.captured_at``."""
    source: str
    box: tuple[float, float, float, float]
    """x1, y1, x2, y2 px, where the face was last seen."""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Templates(Rows):
    """What tracks look like by all their samples so far, and how much that is worth."""

    vectors: F32
    """(K, D) of unit length."""
    weights: NDArray[np.float64]
    """(K,) sum of the samples' weights."""
    usable_counts: I64
    """(K,) samples that met the limits of quality."""
    doubted: NDArray[np.bool_]
    """(K,) the newest sample was not like the template, or stands here in its place; neither is decided by."""

    def __post_init__(self) -> None:
        require(self, "vectors", self.vectors, np.float32, (None, None))
        require(self, "weights", self.weights, np.float64, (None,))
        require(self, "usable_counts", self.usable_counts, np.int64, (None,))
        require(self, "doubted", self.doubted, np.bool_, (None,))
        self._require_aligned()

    @classmethod
    def empty(cls) -> Self:
        """No tracks."""
        return cls(np.zeros((0, EMBEDDING_SIZE), np.float32), np.zeros(0), np.zeros(0, np.int64), np.zeros(0, bool))


@dataclass(frozen=True, slots=True, eq=False)
class Samples(Rows):
    """The faces of a frame that were embedded; in most frames there are none."""

    ids: I64
    """(K,) int64 track ids."""
    vectors: F32
    """(K, D) of unit length, each of this frame's face alone."""
    quality: FaceQuality
    """(K) rows."""
    matches: Matches
    """(K) rows: the people nearest to the tracks' templates, which combine all their samples."""
    boxes: F32
    """(K, 4) float32 xyxy, px of the frame."""
    templates: Templates
    """(K) rows: what was matched."""

    def __post_init__(self) -> None:
        require(self, "ids", self.ids, np.int64, (None,))
        require(self, "vectors", self.vectors, np.float32, (None, None))
        require(self, "boxes", self.boxes, np.float32, (None, 4))
        self._require_aligned()

    @classmethod
    def empty(cls) -> Self:
        """No samples."""
        vectors = np.zeros((0, EMBEDDING_SIZE), np.float32)
        boxes = np.zeros((0, 4), np.float32)
        return cls(np.zeros(0, np.int64), vectors, FaceQuality.empty(), Matches.empty(), boxes, Templates.empty())


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """The tracks, identities and events of one frame; it can be pickled.

    >>> frame = Frame(np.zeros((480, 640, 3), np.uint8), index=0, captured_at=0.0, source="door")
    >>> result = FrameResult(frame, Tracks.empty(), identities=(), events=())
    >>> len(result.tracks), len(result.samples), result.frame.image.shape
    (0, 0, (480, 640, 3))
    """

    frame: Frame
    tracks: Tracks
    """The reported tracks: those that proved to be faces."""
    identities: tuple[Identity, ...]
    """One for each row of ``tracks``, in its order."""
    events: tuple[Event, ...]
    timings: Mapping[str, float] = field(default_factory=dict)
    """Seconds spent, by stage."""
    samples: Samples = field(default_factory=Samples.empty)
    """The faces that were embedded in this frame, reported or not."""
    revision: int = 0
    """Of the gallery and the thresholds that decided; ``Pipeline.replace_gallery`` gives others."""
    skews_s: tuple[float, ...] = ()
    """Of the samples that were cut from ``frame.larger``: that picture's time less the frame's, s."""
