"""Models that all areas use."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Base of all: an unknown field, NaN and infinity are refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)


class ErrorDetail(Model):
    """What went wrong."""

    code: str
    """For programs."""
    message: str
    """For people: what was wanted, what came, what to do."""
    details: Any = None


class ErrorAnswer(Model):
    """The answer of every request that fails."""

    error: ErrorDetail
    request_id: str
    """Stands in the header X-Request-ID, too, and in the service's log."""


class JobAnswer(Model):
    """A job as it stands now."""

    id: str
    kind: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    done: int
    total: int
    message: str
    result: Any = None
    error: ErrorDetail | None = None
    created_at: datetime
    ended_at: datetime | None = None


class JobsAnswer(Model):
    """The jobs that are remembered, the newest first."""

    jobs: list[JobAnswer]
