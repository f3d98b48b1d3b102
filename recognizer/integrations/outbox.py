"""Deliveries that wait, in a file that outlives the run."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from recognizer.errors import OutputError


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that waits for its receiver."""

    number: int
    """Place in the order of deliveries."""
    identity: str
    """Stays the same however often it is tried; receivers recognise repetitions by it."""
    topic: str
    body: bytes
    made_at: float
    """Seconds since 1970."""
    attempts: int = 0
    """How often it was tried in vain."""
    due_at: float = 0.0
    """Seconds since 1970, before which it is not tried again."""


class Outbox:
    """Keeps deliveries in their order until each is delivered; SQLite, for one process and one thread.

    Args:
        path: the file; its folder is made, readable to its owner only.
        limit: deliveries to keep; older ones are dropped.

    Raises:
        OutputError: the file cannot be opened, or another run uses it.
    """

    def __init__(self, path: Path, *, limit: int = 10_000) -> None:
        self._limit = limit
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600))
            self._database = sqlite3.connect(path, timeout=0.5, isolation_level=None, check_same_thread=False)
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing, a power cut moments
            self._database.execute("PRAGMA secure_delete = ON")  # a delivery names people
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS deliveries (number INTEGER PRIMARY KEY AUTOINCREMENT, identity TEXT, "
                "topic TEXT, body BLOB, made_at REAL, attempts INTEGER, due_at REAL)"
            )
            self._database.execute("BEGIN EXCLUSIVE")
            self._database.execute("COMMIT")
            len(self)  # reads every page of the table
        except (OSError, sqlite3.Error) as error:
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
                raise OutputError(
                    f"{path} is damaged ({error}). Move it away: a new one is made, without what waited in it."
                ) from error
            raise OutputError(
                f"{path}: deliveries cannot be kept there ({_words(error)}). "
                "Does another run use the same file? Give each run an integrations.folder of its own."
            ) from error

    def __len__(self) -> int:
        """Return the number of deliveries that wait."""
        return int(self._database.execute("SELECT count(*) FROM deliveries").fetchone()[0])

    def add(self, deliveries: Sequence[Delivery]) -> int:
        """Keep deliveries, in one transaction; their numbers are given here.

        Returns:
            How many older ones were dropped to stay below the limit.

        Raises:
            sqlite3.Error: the disk does not take them.
        """
        rows = [(each.identity, each.topic, each.body, each.made_at, each.attempts, each.due_at) for each in deliveries]
        with _transaction(self._database):
            self._database.executemany(
                "INSERT INTO deliveries (identity, topic, body, made_at, attempts, due_at) VALUES (?, ?, ?, ?, ?, ?)",
                rows,
            )
            excess = max(len(self) - self._limit, 0)
            if excess:
                self._database.execute(
                    "DELETE FROM deliveries WHERE number IN (SELECT number FROM deliveries ORDER BY number LIMIT ?)",
                    (excess,),
                )
        return excess

    def first(self) -> Delivery | None:
        """Return the oldest delivery: the next one, so that the order is kept."""
        row = self._database.execute(
            "SELECT number, identity, topic, body, made_at, attempts, due_at FROM deliveries ORDER BY number LIMIT 1"
        ).fetchone()
        return None if row is None else Delivery(*row)

    def remove(self, delivery: Delivery) -> None:
        """Forget a delivery: it has arrived, or never will."""
        self._database.execute("DELETE FROM deliveries WHERE number = ?", (delivery.number,))

    def postpone(self, delivery: Delivery, due_at: float) -> None:
        """Record one more vain attempt, and when to try again, in seconds since 1970."""
        self._database.execute(
            "UPDATE deliveries SET attempts = attempts + 1, due_at = ? WHERE number = ?", (due_at, delivery.number)
        )

    def replace(self, change: Callable[[bytes], bytes]) -> int:
        """Change the bodies of all deliveries, so that no byte of the earlier ones is left in the file.

        Returns:
            How many were changed.

        Raises:
            sqlite3.Error: the disk does not take them.
        """
        count, last = 0, 0
        query = "SELECT number, body FROM deliveries WHERE number > ? ORDER BY number LIMIT 100"
        with _transaction(self._database):
            while rows := self._database.execute(query, (last,)).fetchall():
                last = rows[-1][0]
                changed = [(new, number) for number, body in rows if (new := change(body)) != body]
                self._database.executemany("UPDATE deliveries SET body = ? WHERE number = ?", changed)
                count += len(changed)
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # also of deliveries that have arrived
        return count

    def close(self) -> None:
        """Close the file."""
        self._database.close()


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def _words(error: BaseException) -> str:
    number = getattr(error, "errno", None)
    return os.strerror(number).lower() if number else str(error)
