"""Check and compare the names of people: any Unicode text, never a path."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

from recognizer.errors import GalleryError

LONGEST_NAME_BYTES = 255
"""Longest name of a folder on common file systems."""

_SEPARATORS = frozenset("/\\\u2028\u2029")
_DIRECTION_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


def person_name(text: str) -> str:
    """Normalise a folder's name or a typed name as it is stored: NFC, without outer blanks.

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
    if problem := control_problem(name):
        return problem
    if len(name.encode()) > LONGEST_NAME_BYTES:
        return f"it is {len(name.encode())} bytes long, at most {LONGEST_NAME_BYTES} are possible"
    return None


def control_problem(text: str) -> str | None:
    """Say which characters of a name could garble a terminal or a log; ``None`` without any.

    Spaces of any width, joiners, soft hyphens and emoji are ordinary: languages and phones write them.
    """
    if any(unicodedata.category(letter) in _REFUSED_CATEGORIES for letter in text):
        return "it holds control characters or bytes that are not UTF-8"
    if any(letter in _DIRECTION_OVERRIDES for letter in text):
        return "it holds characters that override the direction of text"
    return None


def shown(text: str) -> str:
    """Quote a name for printing, with an escape for each character that could garble a terminal or a log."""
    return '"' + "".join(c.encode("unicode_escape").decode() if control_problem(c) else c for c in text) + '"'


def sameness(name: str) -> str:
    """Return a key that is equal for names that differ only in case, composition of letters or width."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", name).casefold()).strip()


def nearest(name: str, names: Iterable[str], *, at_most: int = 3) -> list[str]:
    """Return the known names that are most like a mistyped one, best first."""
    by_key = {sameness(known): known for known in names}
    close = difflib.get_close_matches(sameness(name), list(by_key), n=at_most, cutoff=0.5)
    return [by_key[key] for key in close]


def unknown_name(name: str, names: Iterable[str]) -> GalleryError:
    """Make the error for a name that nobody has; it lists the nearest ones."""
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
