"""One picture of a source. Converting it to BGR is put off: most frames only need small windows of it."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recognizer.types.arrays import U8
from recognizer.types.rows import require


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """A picture as video decoders give it: brightness and, half as fine, two colour differences (YUV 4:2:0)."""

    luma: U8
    """(H, W)."""
    blue: U8
    """(h, w), each about half of the above."""
    red: U8
    """The same."""
    to_bgr: NDArray[np.float32]
    """(3, 4) matrix that takes ``(luma, blue, red, 1)`` to BGR."""
    grey: float
    """Brightness of the colour that is 127 in all three channels."""
    colours: tuple[int, int] | None = None
    """Matrix coefficients (ITU-T H.273) and range (1: 16 to 235, 2: 0 to 255) of the planes; ``None``: others than
    those of BT.601 and BT.709."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, px."""
        return int(self.luma.shape[0]), int(self.luma.shape[1])


CropSource = U8 | Planes
"""What windows are cut from: a (H, W, 3) uint8 BGR picture, or planes."""


class Decoded(Protocol):
    """A picture as its decoder left it; any thread may use it. Each view is the same at every call."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""

    @property
    def luma(self) -> U8 | None:
        """(H, W) brightness as it lies in memory, in the sensor's orientation; ``None`` if there is none."""

    @property
    def planes(self) -> Planes | None:
        """The decoder's planes; ``None`` if the picture is not upright or has another pixel format."""

    def bgr(self) -> U8:
        """(H, W, 3) BGR, upright, read-only; converted at the first call, then kept."""


class Larger(Protocol):
    """A larger stream of the same camera, at the moment of one frame."""

    def find(self, ids: Sequence[int]) -> tuple[Frame, float] | None:
        """Return the nearest picture that is there and its time less the frame's, s; never waits.

        Args:
            ids: of the tracks to sample; pictures of new and unsettled ones are decoded from now on.
        """

    def compared(self, *, alike: int, unlike: int) -> None:
        """Take how many faces looked in the larger picture as in the frame, and how many did not."""


@dataclass(frozen=True, slots=True)
class DistantPicture:
    """A picture that stays in the process that decoded it; only its size is known here."""

    size: tuple[int, int]
    """Width and height, px."""
    luma: None = None
    planes: None = None

    def bgr(self) -> U8:
        """Raise ``LookupError``; see ``Frame.has_picture``."""
        raise LookupError("this frame's picture was not fetched from the process that decoded it")


class PictureNeed(enum.IntEnum):
    """Which of a source's frames a sink reads the pictures of."""

    NONE = 0
    SAMPLES = 1
    """Those in which faces were embedded, and those with events."""
    ALL = 2


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source. It never changes: its views do not depend on which of them was used before.

    Raises:
        ValueError: if ``picture`` is an array and not (H, W, 3) uint8.

    >>> frame = Frame(np.zeros((480, 640, 3), np.uint8), index=0, captured_at=0.0, source="door")
    >>> frame.width, frame.height
    (640, 480)
    """

    picture: U8 | Decoded | DistantPicture
    """(H, W, 3) uint8 BGR, or a decoded picture that converts to it."""
    index: int
    """Position in the source, from 0; live sources count what the camera sent, dropped frames included."""
    captured_at: float
    """Seconds: presentation time for files, the monotonic clock for live sources."""
    source: str
    """Display name of the source; credentials are removed where it is made."""
    camera_at: float | None = None
    """Seconds of the camera's own clock, where its stream says them; comparable between streams of one camera."""
    larger: Larger | None = None
    """Where the same moment may be had in a larger picture; boxes are in this frame's picture all the same."""

    def __post_init__(self) -> None:
        if isinstance(self.picture, np.ndarray):
            require(self, "image", self.picture, np.uint8, (None, None, 3))
            self.picture.flags.writeable = False

    @property
    def image(self) -> U8:
        """(H, W, 3) uint8 BGR, read-only; converting a decoded picture takes about 1 ms at 1080p, once."""
        return self.picture if isinstance(self.picture, np.ndarray) else self.picture.bgr()

    @property
    def has_picture(self) -> bool:
        """Whether the picture is in this process; without it ``image`` raises ``LookupError``."""
        return not isinstance(self.picture, DistantPicture)

    @property
    def preview(self) -> U8:
        """The view that costs nothing: (H, W) brightness where the decoder has it, else the image."""
        luma = None if isinstance(self.picture, np.ndarray) else self.picture.luma
        return self.image if luma is None else luma

    @property
    def crop_source(self) -> CropSource:
        """What small windows are cut from: the decoder's planes where there are any, else the image."""
        planes = None if isinstance(self.picture, np.ndarray) else self.picture.planes
        return self.image if planes is None else planes

    @property
    def height(self) -> int:
        """Rows of the picture, px."""
        return self._size[1]

    @property
    def width(self) -> int:
        """Columns of the picture, px."""
        return self._size[0]

    @property
    def _size(self) -> tuple[int, int]:
        picture = self.picture
        return (picture.shape[1], picture.shape[0]) if isinstance(picture, np.ndarray) else picture.size

    def __reduce__(self) -> tuple[type[Frame], tuple[U8 | DistantPicture, int, float, str]]:
        """Pickle the BGR picture: a decoder's memory cannot leave the process."""
        picture = self.picture if isinstance(self.picture, DistantPicture) else self.image
        return Frame, (picture, self.index, self.captured_at, self.source)
