"""What may be a person's name: any Unicode text, and never a path."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

from recognizer.errors import GalleryError

LONGEST_NAME_BYTES = 255
"""What common file systems allow for one folder's name."""

_SEPARATORS = frozenset("/\\\u2028\u2029")
_DIRECTION_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs"})


def person_name(text: str) -> str:
    """Bring a folder's name or a typed name to the one form in which it is stored: NFC, without outer blanks.

    Raises:
        GalleryError: if it is empty, hidden, too long, part of a path, or holds characters that do not belong in a
            name (control characters, text-direction overrides, bytes that are no UTF-8).
    """
    name = unicodedata.normalize("NFC", text).strip()
    problem = _problem(name)
    if problem:
        raise GalleryError(f"{shown(text)} cannot be a person's name: {problem}.")
    return name


def _problem(name: str) -> str | None:
    if not name:
        return "it is empty"
    if any(letter in _SEPARATORS for letter in name):
        return "it holds a path separator or line separator; a name is never a path"
    if name.startswith("."):
        return "it begins with a dot; hidden folders are not read and a name is never a path"
    if any(unicodedata.category(letter) in _REFUSED_CATEGORIES for letter in name):
        return "it holds control characters or bytes that are not UTF-8"
    if any(letter in _DIRECTION_OVERRIDES for letter in name):
        return "it holds characters that override the direction of text"
    if len(name.encode()) > LONGEST_NAME_BYTES:
        return f"it is {len(name.encode())} bytes long, at most {LONGEST_NAME_BYTES} are possible"
    return None


def shown(text: str) -> str:
    """A name in quotes, safe to print: what cannot be printed appears as an escape."""
    printable = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return f'"{printable}"'


def sameness(name: str) -> str:
    """Equal for names that people would take for the same: case, composition and width do not count."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", name).casefold()).strip()


def nearest(name: str, names: Iterable[str], *, at_most: int = 3) -> list[str]:
    """Names that a mistyped ``name`` may have meant, best first."""
    by_key = {sameness(known): known for known in names}
    close = difflib.get_close_matches(sameness(name), list(by_key), n=at_most, cutoff=0.5)
    return [by_key[key] for key in close]


def unknown_name(name: str, names: Iterable[str]) -> GalleryError:
    """The error for a name that nobody has; it lists the nearest ones."""
    names = sorted(names)
    close = nearest(name, names)
    if close:
        hint = "Did you mean " + " or ".join(shown(known) for known in close) + "?"
    elif names:
        more = f" and {len(names) - 10} more" if len(names) > 10 else ""
        hint = "There are: " + ", ".join(shown(known) for known in names[:10]) + more + "."
    else:
        hint = "Nobody is there."
    return GalleryError(f"Nobody is called {shown(name)} in this gallery. {hint}")
