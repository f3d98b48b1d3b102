"""Long work: begun by a request, done in a thread, queried and cancelled by others."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from loguru import logger

from recognizer.errors import RecognizerError
from recognizer.serve.access.scopes import Scope
from recognizer.serve.errors import ServiceError, from_domain

KEPT = 100
"""Ended jobs that can still be queried."""
KEPT_WHOLE = 5
"""Of them, those with ``Job.kept``: a replay of a large history holds many tracks."""
WAITING = 16
"""Jobs that wait or run."""


class JobState(Enum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Cancelled(Exception):
    """Raised in a job's thread by ``Job.progress`` and ``Job.check`` when it is to stop."""


class Job:
    """One piece of work.

    Args:
        kind: what it does, such as ``enrol``.
        scope: what who asks after it needs.
    """

    def __init__(self, kind: str, scope: Scope) -> None:
        self.id = secrets.token_hex(8)
        self.kind = kind
        self.scope = scope
        self.state = JobState.QUEUED
        self.done = 0
        """Steps that are done, of ``total``; 0 of 0 where it is not known."""
        self.total = 0
        self.message = ""
        self.result: Any = None
        """What the work returned, as JSON has it."""
        self.kept: Any = None
        """What the work found, for a route that does something with it; never sent."""
        self.error: ServiceError | None = None
        self.created_at = datetime.now(UTC)
        self.ended_at: datetime | None = None
        self.cancelled = threading.Event()
        """Set when it is to stop; the work checks it, or calls ``check``."""

    @property
    def has_ended(self) -> bool:
        """Whether it is done, failed or cancelled."""
        return self.ended_at is not None

    def check(self) -> None:
        """Stop the work here if it was cancelled.

        Raises:
            Cancelled: if it was.
        """
        if self.cancelled.is_set():
            raise Cancelled

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Say how far it is; also a place to stop, as ``check``."""
        self.check()
        self.done, self.total, self.message = done, total, message


class Jobs:
    """Runs jobs one after the other, beside the requests, and remembers the last ones."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="job")
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, kind: str, work: Callable[[Job], Any], *, scope: str = "review") -> Job:
        """Begin work.

        Args:
            kind: what it does.
            work: called in a thread; what it returns is the result, JSON or a pydantic model.
            scope: what who asks after it needs.

        Raises:
            ServiceError: 503 ``busy`` where too many wait.
        """
        job = Job(kind, Scope(scope))
        with self._lock:
            if sum(not each.has_ended for each in self._jobs.values()) >= WAITING:
                raise ServiceError(503, "busy", f"{WAITING} jobs wait already.", headers={"retry-after": "10"})
            self._jobs[job.id] = job
            for number in [each.id for each in self._jobs.values() if each.has_ended][:-KEPT]:
                del self._jobs[number]
            for old in [each for each in self._jobs.values() if each.kept is not None][:-KEPT_WHOLE]:
                old.kept = None
        self._threads.submit(self._run, job, work)
        return job

    def all(self) -> list[Job]:
        """Return all jobs that are remembered, the newest first."""
        with self._lock:
            return list(reversed(self._jobs.values()))

    def get(self, identifier: str) -> Job:
        """Return a job.

        Raises:
            ServiceError: 404 ``job_not_found``.
        """
        with self._lock, suppress(KeyError):
            return self._jobs[identifier]
        raise ServiceError(404, "job_not_found", "There is no such job; jobs are forgotten when the service restarts.")

    def cancel(self, identifier: str) -> Job:
        """Let a job stop at its next check; one that has ended stays as it is."""
        job = self.get(identifier)
        job.cancelled.set()
        return job

    def close(self) -> None:
        """Cancel all jobs and wait for the one that runs."""
        for job in self.all():
            job.cancelled.set()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _run(self, job: Job, work: Callable[[Job], Any]) -> None:
        end = JobState.FAILED
        try:
            job.check()
            job.state = JobState.RUNNING
            job.result = work(job)
            end = JobState.DONE
        except Cancelled:
            end = JobState.CANCELLED
        except ServiceError as error:
            job.error = error
        except RecognizerError as error:
            job.error = from_domain(error)
        except Exception as error:
            logger.opt(exception=error).error("job {}: {}", job.id, type(error).__name__)
            job.error = ServiceError(500, "internal", "This is a bug; its cause is in the service's log.")
        job.ended_at = datetime.now(UTC)
        job.state = end
