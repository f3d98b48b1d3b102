"""One picture of a source, in OpenCV's colours when somebody asks for them: most frames are only glanced at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recognizer.types.arrays import U8
from recognizer.types.rows import require


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """A picture as video has it: brightness, and half as fine each way two differences of colour (YUV 4:2:0)."""

    luma: U8
    """(H, W)."""
    blue: U8
    """(h, w), each about half of the above."""
    red: U8
    """The same."""
    to_bgr: NDArray[np.float32]
    """(3, 4): what ``(luma, blue, red, 1)`` is multiplied by."""
    grey: float
    """Brightness of what is 127 in all three colours."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, px."""
        return int(self.luma.shape[0]), int(self.luma.shape[1])


Cuttable = U8 | Planes
"""What windows are cut from: (H, W, 3) uint8 BGR, or what becomes that."""


class Decoded(Protocol):
    """A picture as its decoder left it. It may be asked from any thread."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""

    @property
    def luma(self) -> U8 | None:
        """(H, W) brightness as it lies in memory, turned as the sensor was, if the decoder has it."""

    @property
    def planes(self) -> Planes | None:
        """The picture as it lies in memory, if it is upright and so made."""

    def bgr(self) -> U8:
        """(H, W, 3), upright; takes its time."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source."""

    picture: U8 | Decoded
    """(H, W, 3) uint8 BGR, or what becomes that when ``image`` is asked for."""
    index: int
    """Position in the source, from 0; live sources count what the camera sent, dropped frames included."""
    captured_at: float
    """Seconds: presentation time for files, the monotonic clock for live sources."""
    source: str
    """Display name of the source; credentials are removed where it is made."""

    def __post_init__(self) -> None:
        if isinstance(self.picture, np.ndarray):
            self._keep(self.picture)

    @property
    def image(self) -> U8:
        """(H, W, 3) uint8 BGR, read-only."""
        picture = self.picture  # read once: another thread may be putting the image in its place
        return picture if isinstance(picture, np.ndarray) else self._keep(picture.bgr())

    @property
    def view(self) -> U8:
        """What costs nothing to see: (H, W) brightness where there is one, else the image."""
        picture = self.picture
        luma = None if isinstance(picture, np.ndarray) else picture.luma
        return self.image if luma is None else luma

    @property
    def cuttable(self) -> Cuttable:
        """What costs nothing to cut a few windows from: the planes until somebody asked for the image, then that."""
        picture = self.picture
        planes = None if isinstance(picture, np.ndarray) else picture.planes
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

    def __reduce__(self) -> tuple[type[Frame], tuple[U8, int, float, str]]:
        """Pickle the BGR picture: a decoder's memory cannot leave the process."""
        return Frame, (self.image, self.index, self.captured_at, self.source)

    def _keep(self, image: U8) -> U8:
        require(self, "image", image, np.uint8, (None, None, 3))
        image.flags.writeable = False
        object.__setattr__(self, "picture", image)
        return image
