"""Digests by which the record proves that it holds what was written.

SQLite notices damage to its own structure and none to what is stored: a flipped bit in a name is another name. The
record therefore holds two kinds of SHA-256: one in each measurement, over its vector and what belongs to it, and one
of each commit, over the names and folders of all people, their photos, and the model. Both are computed from the
values that are handed out, so nothing unchecked is served. Thumbnails are not covered; nobody is recognised by them.
The digests detect damage, not a forger: they have no key.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

MEASURED = "sha256, model, notes, x1, y1, x2, y2, eyes_px, sharpness, yaw_deg, roll_deg, score, vector"
"""Columns of a measurement that its digest covers, in order."""
DIGEST = "digest"
"""Key of the commit's digest among the facts, and column of a measurement's."""
UNSOUND = "names, folders or photos are not what was written"
"""What is wrong with a commit that does not match its digest."""
_PEOPLE = "SELECT name, folder, enrolled_at FROM people ORDER BY name"
_PHOTOS = (
    "SELECT name, file, sha256, size, modified_ns, changed_ns, looked_at_ns, accepted, notes "
    "FROM photos JOIN people ON people.id = person_id ORDER BY name, file"
)


@dataclass(frozen=True, slots=True)
class Commit:
    """The rows of a commit, as stored."""

    facts: dict[str, Any]
    """By key, with the digest."""
    people: list[tuple[Any, ...]]
    """(name, folder, enrolled_at), by name."""
    photos: list[tuple[Any, ...]]
    """(name, file, sha256, size, modified_ns, changed_ns, looked_at_ns, accepted, notes), by name and file."""

    @property
    def digest(self) -> str:
        """Hex digest of everything but the digest itself."""
        return _hashed([_proved(self.facts), self.people, self.photos]).hex()

    @property
    def is_sound(self) -> bool:
        """Whether it is what was written."""
        return self.facts.get(DIGEST) == self.digest


class CommitReader:
    """Reads the photos of the last commit one by one: a million as objects take 1 GB.

    Args:
        connection: inside a transaction.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.facts: dict[str, Any] = dict(connection.execute("SELECT key, value FROM facts").fetchall())
        self._digest = ""

    def photos(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of ``Commit.photos``; after the last one ``is_sound`` holds for all of them."""
        digest = hashlib.sha256(f"[[{_json(_proved(self.facts))},[".encode())
        comma = ""
        for row in self._connection.execute(_PEOPLE):
            digest.update(f"{comma}{_json(row)}".encode())
            comma = ","
        digest.update(b"],[")
        comma = ""
        for row in self._connection.execute(_PHOTOS):
            digest.update(f"{comma}{_json(row)}".encode())
            comma = ","
            yield row
        digest.update(b"]],null]")
        self._digest = digest.hexdigest()

    @property
    def is_sound(self) -> bool:
        """Whether the commit is what was written, once all photos were read."""
        return self.facts.get(DIGEST) == self._digest


def _proved(facts: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Facts that the digest covers; damage can make a key a number or nothing: kinds that cannot be compared."""
    proved = (item for item in facts.items() if item[0] != DIGEST)
    return sorted(proved, key=lambda item: (type(item[0]).__name__, item[0]))


def read_commit(connection: sqlite3.Connection) -> Commit:
    """Read the last commit, unchecked; call it inside a transaction."""
    facts = dict(connection.execute("SELECT key, value FROM facts").fetchall())
    return Commit(facts, connection.execute(_PEOPLE).fetchall(), connection.execute(_PHOTOS).fetchall())


def seal(connection: sqlite3.Connection) -> None:
    """Store the digest of what is to be committed; call it last in the transaction."""
    digest = read_commit(connection).digest
    connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (DIGEST, digest))


def measurement_digest(row: Sequence[Any]) -> bytes:
    """Digest of a measurement's values, in the order of ``MEASURED``."""
    *values, vector = map(_stored, row)
    return _hashed(values, vector)


def _stored(value: Any) -> Any:
    """A number as SQLite gives it back: it keeps neither NaN nor the sign of zero."""
    if isinstance(value, float | int):
        return None if value != value else float(value) + 0.0
    return value


def _hashed(values: Any, blob: Any = None) -> bytes:
    """Hash lists of text, numbers, bytes and ``None``, and a large value of bytes behind them."""
    size = len(blob) if isinstance(blob, bytes) else blob
    digest = hashlib.sha256(_json([values, size]).encode())
    if isinstance(blob, bytes):
        digest.update(blob)
    return digest.digest()


def _json(values: Any) -> str:
    return json.dumps(values, separators=(",", ":"), default=lambda value: {"bytes": value.hex()})
