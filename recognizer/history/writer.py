"""Write records of tracks on a thread of its own: capture and recognition never wait for the database."""

from __future__ import annotations

import datetime as dt
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from loguru import logger
from sqlalchemy.exc import DataError, IntegrityError

from recognizer.errors import RecognizerError
from recognizer.history.database import Database
from recognizer.history.records import DecisionFacts, TrackRecord
from recognizer.history.rows import insert_run, save_tracks
from recognizer.history.spans import span_of

MOST_WAITING = 10_000
"""Records held back while the database does not answer: of the street clip's density, half a day of one camera."""
_BATCH = 200
_HOUSEKEEPING_S = 3600.0
_RETRY_S = 1.0
_POLL_S = 0.05


class HistoryWriter:
    """Saves records in batches; keeps them and tries again while the database does not answer.

    Args:
        open_database: opens the history; called on the writer's thread, and again after a failure.
        model: fingerprint of the embedding model.
        thresholds: similarity and margin that a name needs.
        facts: on what else decisions depend, so that they can be replayed.
        most_waiting: records held back at most; older ones are dropped then, and counted.
        housekeeping: called with the database at the start and every hour.
        on_open: called when the database was opened, also after a failure.
    """

    def __init__(
        self,
        open_database: Callable[[], Database],
        *,
        model: str,
        thresholds: tuple[float, float],
        facts: DecisionFacts | None = None,
        most_waiting: int = MOST_WAITING,
        housekeeping: Callable[[Database], None] = lambda database: None,
        on_open: Callable[[], None] = lambda: None,
    ) -> None:
        self.lost = 0
        """Records that were dropped."""
        self.saved = 0
        self.failed: str | None = None
        """Why the database does not take records at the moment."""
        self._open_database = open_database
        self._model = model
        self._thresholds = thresholds
        self._facts = facts
        self._began = dt.datetime.now(dt.UTC)
        self._most_waiting = most_waiting
        self._housekeeping = housekeeping
        self._on_open = on_open
        self._housekeeping_due = -math.inf
        self._run_id = 0
        self._waiting: deque[TrackRecord] = deque()
        self._in_flight: list[TrackRecord] = []
        self._changed = threading.Condition()
        self._ending = self._abandoned = False
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def add(self, record: TrackRecord) -> None:
        """Queue a record; never waits."""
        with self._changed:
            if len(self._waiting) >= self._most_waiting:
                self._waiting.popleft()
                self.lost += 1
            self._waiting.append(record)
            self._changed.notify_all()

    def finish(self, patience_s: float, stop: threading.Event | None = None, *, stopping_s: float = 1.0) -> None:
        """Save what waits; the rest is lost, counted and logged.

        Args:
            patience_s: longest wait.
            stop: once it is set, the wait ends within ``stopping_s``.
            stopping_s: see ``stop``.
        """
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        deadline, stopping = time.monotonic() + patience_s, False
        while self._thread.is_alive() and (left := deadline - time.monotonic()) > 0:
            if stop is not None and stop.is_set() and not stopping:
                stopping, deadline = True, min(deadline, time.monotonic() + stopping_s)
                continue
            self._thread.join(min(left, _POLL_S))
        with self._changed:
            self._abandoned = True
            self.lost += len(self._waiting) + len(self._in_flight)
            self._waiting.clear()
        if self.lost:
            self.failed = self.failed or "the database was too slow or refused them"
            logger.error("history: {} tracks were lost ({})", self.lost, self.failed)

    def _run(self) -> None:
        database: Database | None = None
        while (batch := self._next_batch()) is not None:
            try:
                if database is None:
                    database = self._open_database()
                    self._on_open()
                self._save(database, batch)
                if time.monotonic() >= self._housekeeping_due:
                    self._housekeeping(database)
                    self._housekeeping_due = time.monotonic() + _HOUSEKEEPING_S
            except Exception as error:  # also of the disk, a driver or a setting: the run goes on without the history
                if self.failed is None:
                    words = str(error) if isinstance(error, RecognizerError) else f"{type(error).__name__}: {error}"
                    logger.error("history: {} Recognition continues, tracks are kept until it works again.", words)
                self.failed = str(error) or type(error).__name__
                if database is not None:
                    database.close()
                    database = None
                if not self._put_back():
                    return
                continue
            if self.failed is not None:
                logger.info("history: being written again, {} tracks lost", self.lost)
                self.failed = None
        if database is not None:
            database.close()

    def _save(self, database: Database, batch: Sequence[TrackRecord]) -> None:
        """Save the records together, or one by one where the database refuses some of them."""
        try:
            self._write(database, batch)
        except (DataError, IntegrityError, ValueError):
            self._run_id = 0  # of a file that was replaced, as far as can be known
            for record in batch:
                try:
                    self._write(database, [record])
                except (DataError, IntegrityError, ValueError) as error:
                    logger.error("history: a track cannot be saved: {}", type(error).__name__)
                    with self._changed:
                        self.lost += 1
        with self._changed:
            self._in_flight.clear()

    def _write(self, database: Database, records: Sequence[TrackRecord]) -> None:
        if not records:
            return
        with database.writing() as connection:
            database.require_key(connection)
            run_id = self._run_id or insert_run(connection, self._began, self._model, self._thresholds, self._facts)
            span = span_of(database, connection, self._model)
            save_tracks(connection, run_id, records, cipher=database.cipher, span=span)
        self._run_id = run_id
        self.saved += len(records)

    def _next_batch(self) -> Sequence[TrackRecord] | None:
        """Wait for records; empty when housekeeping is due, ``None`` when everything is saved and the run ends."""
        with self._changed:
            while not self._waiting and not self._ending:
                left = self._housekeeping_due - time.monotonic()
                if left <= 0:
                    return []
                self._changed.wait(left)
            if not self._waiting:
                return None
            self._in_flight = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            return tuple(self._in_flight)

    def _put_back(self) -> bool:
        """Return what was not saved to the queue and wait before the next attempt; False when the run has ended."""
        with self._changed:
            if self._abandoned:
                return False
            room = self._most_waiting - len(self._waiting)
            kept = self._in_flight[max(0, len(self._in_flight) - room) :]
            self.lost += len(self._in_flight) - len(kept)
            self._waiting.extendleft(reversed(kept))
            self._in_flight = []
            until = time.monotonic() + _RETRY_S
            while not self._ending and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            if self._ending:  # a last attempt is made with what waits
                self._changed.wait(0.1)
            return not self._abandoned
