"""What crosses between the pool and its workers, pickled: both ends are this program, on a socket that nobody else has.

``SourceChange`` and ``SourceEnd`` cross as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from recognizer.decide.evidence import Thresholds
from recognizer.errors import RecognizerError
from recognizer.gallery.records import Enrolled
from recognizer.types import FrameResult, PictureNeed
from recognizer.types.rejection import Rejection

# From a worker.


@dataclass(frozen=True, slots=True)
class Ready:
    """The pipeline is built, and the sources are being opened."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a picture lies in the shared memory."""

    slot: int
    offset: int
    """Bytes from the beginning."""
    shape: tuple[int, int, int]
    """(H, W, 3) uint8 BGR."""


@dataclass(frozen=True, slots=True, eq=False)
class Recognised:
    """The result of a frame."""

    result: FrameResult
    """Its frame has no picture."""
    place: Place | None
    """Where the picture lies, if it was wanted; the slot is free again after ``Free``."""


@dataclass(frozen=True, slots=True, eq=False)
class Beat:
    """The recognising thread is alive."""

    memory_bytes: int
    """Resident memory of the process."""
    dropped: Mapping[str, int]
    """Frames of each source that newer ones replaced."""


@dataclass(frozen=True, slots=True)
class Log:
    """A line for the log."""

    level: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """All sources have ended, or ``Stop`` was heeded."""

    dropped: Mapping[str, int]
    shortfalls: Mapping[str, str]
    """Sources of which something could not be read, and what."""
    error: RecognizerError | None = None
    """Why recognition failed."""


# To a worker.


@dataclass(frozen=True, slots=True)
class Assignment:
    """A source, and from where on its tracks are numbered: ids are never used again within a source."""

    source: str
    first_id: int = 1
    paused: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class GalleryState:
    """Who is enrolled now."""

    enrolled: Enrolled
    rejections: tuple[Rejection, ...]
    thresholds: Thresholds
    revision: int = 0
    """Results that it decides bear this number."""


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """The first message: what to do. ``GalleryState`` may follow where it has changed since the run began."""

    sources: tuple[Assignment, ...]
    max_seconds: float | None = None
    needs: Mapping[str, PictureNeed] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Needs:
    """Whose pictures are wanted from now on; those of other sources are not."""

    needs: Mapping[str, PictureNeed]


@dataclass(frozen=True, slots=True)
class Free:
    """A picture was read."""

    slot: int


@dataclass(frozen=True, slots=True)
class SetPaused:
    """Pause or resume a source."""

    source: str
    paused: bool


@dataclass(frozen=True, slots=True)
class Add:
    """Take another source."""

    assignment: Assignment


@dataclass(frozen=True, slots=True)
class Drop:
    """End a source; ``SourceEnd`` answers."""

    source: str


@dataclass(frozen=True, slots=True)
class Stop:
    """End soon."""
