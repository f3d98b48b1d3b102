"""What the parent and the child exchange through two pipes: headers of fixed size, then bytes of a stated length."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct

READY = b"recognizer pictures 1\n"
"""The child's first bytes."""
REQUEST = Struct("!BQI")
"""1 where the content follows, 0 where the path does; largest width times height, 0 for any; bytes that follow."""
REPLY = Struct("!BIIHiH")
"""Status; width and height of the picture that follows; by how much its sides were divided; the system's error number
or 0; bytes of the text, which comes before the pixels."""
MAX_TEXT_BYTES = 4096
EXIT_MEMORY = 71
"""Exit status of a child that takes more memory than it may."""


class Status(IntEnum):
    """How a reply begins."""

    PICTURE = 0
    """A text, which may be empty and is a note on the picture otherwise, and (height, width, 3) bytes BGR."""
    REFUSED = 1
    """The text says why."""
    MEMORY = 2
    """Memory ran out; the text says where."""
    TOO_LARGE = 3
    """Its header says that it has more pixels than are decoded; the text says how many."""
