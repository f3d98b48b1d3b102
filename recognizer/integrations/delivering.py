"""Deliver events to another system on a thread of its own; what waits outlives the run."""

from __future__ import annotations

import json
import random
import sqlite3
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from loguru import logger

from recognizer.integrations.outbox import Delivery, Outbox
from recognizer.integrations.removed import without_names

_IN_MEMORY = 1000
"""Deliveries that wait for the disk; older ones are dropped and counted."""
_DISK_RETRY_S = 1.0
_JITTER = 0.2
"""Share by which a wait varies, so that many boxes do not come back at once."""
_STOPPED_S = 0.8
"""A stopped run must end within two seconds; this is for all receivers together."""
_ENDED_S = 10.0
"""A run that came to its end waits longer for the last deliveries."""


class NotDeliveredError(Exception):
    """A delivery did not arrive; it is tried again later.

    Args:
        reason: in words, without secrets.
        again: False if it never will arrive, so that later ones must not wait for it.
    """

    def __init__(self, reason: str, *, again: bool = True) -> None:
        super().__init__(reason)
        self.again = again


class DeliveryThread:
    """Keeps deliveries in a file and sends them one after the other, in order, at least once.

    Args:
        name: for log lines and figures.
        path: the file; see ``Outbox``.
        send: delivers one, or raises ``NotDeliveredError``; it must return within some seconds.
        waits_s: seconds to wait after the first, second ... vain attempt; the last one for all further ones.
        stop: set when the run should stop.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        send: Callable[[Delivery], None],
        *,
        waits_s: Sequence[float],
        stop: threading.Event,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.failed: str | None = None
        """Why deliveries do not arrive, or cannot be kept; ``None`` while they do."""
        self.lost = self.delivered = self.refused = 0
        self.waiting = 0
        """Deliveries in the file."""
        self.name = name
        self._path, self._send, self._waits_s = path, send, tuple(waits_s)
        self._stop, self._clock = stop, clock
        self._changed = threading.Condition()
        self._new: deque[Delivery] = deque()
        self._ending = self._is_retry_due = False
        self._ending_at = 0.0
        self._people: frozenset[str] = frozenset()
        self._gone: frozenset[str] = frozenset()
        """Who was removed from the gallery in this run."""
        self._is_cleaned = True
        self._settled = 0
        """Number of the delivery that is done with, though the disk may not have taken that yet."""
        self._outbox: Outbox | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Open the file and start to deliver what waits in it.

        Raises:
            OutputError: the file cannot be opened.
        """
        self._outbox = Outbox(self._path)
        self.waiting = len(self._outbox)
        if self.waiting:
            logger.info("{}: {} deliveries of an earlier run wait", self.name, self.waiting)
        self._thread.start()

    def put(self, topic: str, body: Mapping[str, Any]) -> None:
        """Queue a delivery, a JSON object that gets an ``id``; returns at once."""
        identity = str(uuid.uuid4())
        encoded = json.dumps({"id": identity, **body}, ensure_ascii=False).encode(errors="replace")
        with self._changed:
            if self._gone:  # of a face that was recognised before
                encoded = without_names(encoded, self._gone)
            self._new.append(Delivery(0, identity, topic, encoded, self._clock()))
            if len(self._new) > _IN_MEMORY:
                self._new.popleft()
                self.lost += 1
            self._changed.notify_all()

    def gallery_changed(self, people: Set[str]) -> None:
        """Take who is enrolled; names of those who were and are no longer are taken out of what waits."""
        with self._changed:
            removed = self._people - people
            self._gone, self._people = (self._gone | removed) - people, frozenset(people)
            if removed:
                self._new = deque(replace(each, body=without_names(each.body, removed)) for each in self._new)
                self._is_cleaned = False
                self._changed.notify_all()

    def retry_now(self) -> None:
        """Try the first delivery again now, as when a connection is back."""
        with self._changed:
            self._is_retry_due = True
            self._changed.notify_all()

    def request_end(self) -> None:
        """Deliver what can be delivered at once, from now on, and end; returns at once."""
        with self._changed:
            if not self._ending:
                self._ending, self._ending_at = True, time.monotonic()
            self._changed.notify_all()

    def close(self) -> None:
        """Deliver what can be delivered at once, and leave the rest to the next run."""
        self.request_end()
        while self._thread.is_alive():
            patience_s = _STOPPED_S if self._stop.is_set() else _ENDED_S
            left_s = self._ending_at + patience_s - time.monotonic()
            if left_s <= 0:
                break
            self._thread.join(min(left_s, 0.05))
        if self.waiting:
            logger.warning("{}: {} deliveries wait; the next run sends them", self.name, self.waiting)
        if self.lost:
            logger.error("{}: {} deliveries were lost ({})", self.name, self.lost, self.failed or "too many waited")

    def _run(self) -> None:
        outbox = self._outbox
        if outbox is None:
            raise RuntimeError("DeliveryThread.start was not called")
        while True:
            try:
                with self._changed:
                    first = outbox.first()
                    if not self._wait(first):
                        break
                    new = list(self._new)
                    self._new.clear()
                    gone, is_cleaned = self._gone, self._is_cleaned
                    self._is_cleaned = True
                self._keep(outbox, new)  # first: they are nowhere else now
                if not is_cleaned:
                    self._clean(outbox, gone)
                self._deliver_first(outbox)
                self.waiting = len(outbox)
            except sqlite3.Error as error:  # of a full disk, which takes no removal either
                self._report(f"the file of deliveries cannot be changed ({error})")
                if self._ending:
                    break
                self._stop.wait(_DISK_RETRY_S)
        with suppress(sqlite3.Error):
            self.waiting = len(outbox)
            outbox.close()

    def _wait(self, first: Delivery | None) -> bool:
        """Wait until there is something to do; False: the run has ended, and the first delivery must wait."""
        while not self._new and not self._is_retry_due and self._is_cleaned:
            is_due = first is not None and first.due_at <= self._clock()
            if is_due and not (self._ending and self._stop.is_set()):
                return True
            if self._ending:
                return False
            self._changed.wait(None if first is None else max(first.due_at - self._clock(), 0.01))
        return True

    def _clean(self, outbox: Outbox, gone: Set[str]) -> None:
        try:
            outbox.replace(lambda body: without_names(body, gone))
        except sqlite3.Error:
            with self._changed:
                self._is_cleaned = False
            raise

    def _keep(self, outbox: Outbox, new: list[Delivery]) -> None:
        """Write new deliveries to the file; while the disk does not take them they stay in memory."""
        if not new:
            return
        try:
            self.lost += outbox.add(new)
        except sqlite3.Error as error:
            self._report(f"deliveries cannot be kept ({error})")
            if self._ending:
                self.lost += len(new)
                return
            with self._changed:
                self._new.extendleft(reversed(new))
                while len(self._new) > _IN_MEMORY:
                    self._new.popleft()
                    self.lost += 1
            self._stop.wait(_DISK_RETRY_S)

    def _deliver_first(self, outbox: Outbox) -> None:
        with self._changed:
            at_once, self._is_retry_due = self._is_retry_due, False
        first = outbox.first()
        if first is None or (first.due_at > self._clock() and not at_once):
            return
        failure = None if first.number == self._settled else self._attempt(first)
        if failure is not None and failure.again:
            wait_s = self._waits_s[min(first.attempts, len(self._waits_s) - 1)]
            jitter = 1 + random.uniform(-_JITTER, _JITTER)  # noqa: S311 - no secret
            outbox.postpone(first, self._clock() + wait_s * jitter)
            return
        self._settled = first.number
        outbox.remove(first)
        if failure is None and self.failed is not None:
            logger.info("{}: delivers again", self.name)
            self.failed = None

    def _attempt(self, delivery: Delivery) -> NotDeliveredError | None:
        """Send a delivery; returns why it did not arrive."""
        try:
            self._send(delivery)
        except NotDeliveredError as error:
            failure = error
        except Exception as error:  # a fault in here must not end all deliveries
            logger.opt(exception=error).error("{}: this is a bug", self.name)
            failure = NotDeliveredError(f"an event cannot be sent ({type(error).__name__})")
        else:
            self.delivered += 1
            return None
        self.refused += not failure.again
        self._report(str(failure))
        return failure

    def _report(self, reason: str) -> None:
        if self.failed != reason:
            logger.error("{}: {}; recognition goes on", self.name, reason)
        self.failed = reason
