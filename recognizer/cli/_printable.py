"""Text of files, cameras and people on a terminal: what would command the terminal is shown as an escape instead."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Control characters of ECMA-48 (C0 and C1, but for tabs and line feeds), line separators, direction overrides."""


def printable(text: str) -> str:
    r"""Write ``\x1b`` and the like for characters that a terminal would obey."""
    return _COMMANDS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def printable_json(document: str) -> str:
    """The same for a JSON document, which means the same afterwards; JSON itself escapes what is below a space."""
    return _COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


class PrintableConsole(Console):
    """A console on which no text, only a style or a progress bar, can command the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as Rich does, and make the text of each segment printable."""
        for segment in super().render(renderable, options):
            if segment.control is None and _COMMANDS.search(segment.text):
                yield Segment(printable(segment.text), segment.style)
            else:
                yield segment
