"""What the parent and the child exchange through two pipes: headers of fixed size, then bytes of a stated length."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct

READY = b"recognizer pictures 1\n"
"""The child's first bytes."""
REQUEST = Struct("!BQI")
"""A ``Kind``; largest width times height, 0 for any; bytes that follow."""
INDEX = Struct("!I")
"""Of a picture of an animation; the path follows."""
REPLY = Struct("!BIIHiH")
"""Status; width and height of the picture that follows; by how much its sides were divided; the system's error number
or 0; bytes of the text, which comes before the pixels."""
MAX_TEXT_BYTES = 4096
EXIT_MEMORY = 71
"""Exit status of a child that takes more memory than it may."""


class Kind(IntEnum):
    """What is wanted, and what follows a request."""

    PATH = 0
    """The picture at this path."""
    CONTENT = 1
    """The picture that these bytes are."""
    COUNT = 2
    """How many pictures the animation at this path holds."""
    ANIMATED = 3
    """One picture of an animation: ``INDEX``, then its path."""


class Status(IntEnum):
    """How a reply begins."""

    PICTURE = 0
    """A text, and (height, width, 3) bytes BGR. The text is a note, mostly empty; of an animation's picture it is the
    time for which it is shown, ms."""
    REFUSED = 1
    """The text says why."""
    MEMORY = 2
    """Memory ran out; the text says where."""
    TOO_LARGE = 3
    """Its header says that it has more pixels than are decoded; the text says how many."""
    COUNT = 4
    """The text is a number."""
