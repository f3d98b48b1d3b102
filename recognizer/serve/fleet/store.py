"""What the service remembers of its fleet: its key, which change of the gallery concerned whom, and its boxes.

Each change of a person gets the next number, and only their newest change is remembered; whoever has the changes up to
some number asks for the later ones (as CouchDB's ``_changes``). A person who is gone stays as a name and the digests of
their photos, by which a rename is no deletion.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recognizer.app.fleet import signing
from recognizer.errors import ConfigError
from recognizer.gallery.shared import Standing, renamed_to

FILE_NAME = "fleet.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS service (id INTEGER PRIMARY KEY CHECK (id = 1), key BLOB NOT NULL, epoch TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS changes (
    kind TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL UNIQUE, digest BLOB NOT NULL,
    gone INTEGER NOT NULL, moved_to TEXT, contents TEXT NOT NULL, PRIMARY KEY (kind, name)
);
CREATE TABLE IF NOT EXISTS boxes (
    name TEXT PRIMARY KEY, joined_at REAL NOT NULL, seen_at REAL, number INTEGER NOT NULL DEFAULT 0,
    tracks INTEGER NOT NULL DEFAULT 0
);
"""
PERSON, SHARED = "person", "shared"
"""Kinds of changes: of a person, and of what concerns everybody (model, calibration, rejections)."""


@dataclass(frozen=True, slots=True)
class Change:
    """The newest change of somebody or something."""

    kind: str
    name: str
    number: int
    gone: bool


@dataclass(frozen=True, slots=True)
class BoxRecord:
    """A box that has joined; times are seconds since 1970."""

    name: str
    joined_at: float
    seen_at: float | None
    number: int
    """Change up to which it pulled."""
    tracks: int


class FleetStore:
    """The file of one service.

    Args:
        folder: the service's, private to its owner.
        clock: seconds since 1970.

    Raises:
        ConfigError: if the file cannot be used.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        path = self._path = folder / FILE_NAME
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600))
            self._database = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
            self._database.executescript("PRAGMA secure_delete = ON;" + _SCHEMA)
            fresh = (signing.new_key(), secrets.token_hex(8))
            self._database.execute("INSERT OR IGNORE INTO service VALUES (1, ?, ?)", fresh)
            self.key, self.epoch = self._database.execute("SELECT key, epoch FROM service").fetchone()
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(f"The fleet's file {path} cannot be used: {error}.") from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def record(self, kind: str, now: Mapping[str, Standing]) -> None:
        """Number what changed since the last call.

        Args:
            kind: ``PERSON`` or ``SHARED``.
            now: how everybody, or everything, stands; who is not named is gone.
        """
        with self._changing() as run:
            query = "SELECT name, digest, gone, contents FROM changes WHERE kind = ?"
            before = {name: (digest, gone, contents) for name, digest, gone, contents in run(query, (kind,))}
            number = run("SELECT coalesce(max(number), 0) FROM changes").fetchone()[0]
            owners = {content: name for name, standing in now.items() for content in standing.contents}
            for name, standing in now.items():
                if before.get(name, (b"", 1, ""))[:2] == (standing.digest, 0):
                    continue
                number += 1
                row = (kind, name, number, standing.digest, 0, None, json.dumps(standing.contents))
                run("INSERT OR REPLACE INTO changes VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            for name, (_, gone, contents) in before.items():
                if gone or name in now:
                    continue
                number += 1
                values = (number, b"", renamed_to(json.loads(contents), owners), kind, name)
                run(
                    "UPDATE changes SET number = ?, digest = ?, gone = 1, moved_to = ? WHERE kind = ? AND name = ?",
                    values,
                )

    def changes(self, after: int, limit: int) -> list[Change]:
        """Return changes after a number, the oldest first."""
        query = "SELECT kind, name, number, gone FROM changes WHERE number > ? ORDER BY number LIMIT ?"
        return [Change(kind, name, number, bool(gone)) for kind, name, number, gone in self._all(query, (after, limit))]

    def newest(self) -> int:
        """Return the number of the newest change; 0: none."""
        return int(self._all("SELECT coalesce(max(number), 0) FROM changes")[0][0])

    def count_changes(self, after: int) -> int:
        """Return how many people and things changed after a number; each counts once, however often it changed."""
        return int(self._all("SELECT count(*) FROM changes WHERE number > ?", (after,))[0][0])

    def departed(self) -> dict[str, str | None]:
        """Return who is gone, each with the name that they bear now; ``None``: they were deleted."""
        found = dict(self._all("SELECT name, moved_to FROM changes WHERE kind = ? AND gone = 1", (PERSON,)))
        for name, moved_to in found.items():
            seen = {name}
            while moved_to in found and moved_to not in seen:  # renamed again
                seen.add(moved_to)
                moved_to = found[moved_to]
            found[name] = moved_to
        return found

    def joined(self, box: str) -> None:
        """Record that a box has joined."""
        self._all("INSERT OR REPLACE INTO boxes (name, joined_at) VALUES (?, ?)", (box, self._clock()))

    def seen(self, box: str, *, number: int | None = None, tracks: int = 0) -> None:
        """Record that a box has pulled up to a change, or pushed tracks."""
        self._all("INSERT OR IGNORE INTO boxes (name, joined_at) VALUES (?, ?)", (box, self._clock()))
        self._all(
            "UPDATE boxes SET seen_at = ?, number = coalesce(?, number), tracks = tracks + ? WHERE name = ?",
            (self._clock(), number, tracks, box),
        )

    def boxes(self) -> list[BoxRecord]:
        """Return the boxes that ever joined, by name."""
        query = "SELECT name, joined_at, seen_at, number, tracks FROM boxes ORDER BY name"
        return [BoxRecord(*row) for row in self._all(query)]

    def _all(self, statement: str, values: Iterable[object] = ()) -> list[tuple[Any, ...]]:
        with self._changing() as run:
            return list(run(statement, tuple(values)).fetchall())

    @contextmanager
    def _changing(self) -> Iterator[Callable[..., sqlite3.Cursor]]:
        with self._lock:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                try:
                    yield self._database.execute
                    self._database.execute("COMMIT")
                except BaseException:
                    self._database.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise ConfigError(f"The fleet's file {self._path} cannot be used: {error}.") from error
