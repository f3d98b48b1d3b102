"""Models that all areas use."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict


def rounded(value: float) -> float:
    """Round to four decimals, small values to four digits: more than that no measurement here has."""
    return round(value, 4) + 0.0 if abs(value) >= 0.1 else float(f"{value:.4g}")


Rounded = Annotated[float, AfterValidator(rounded)]
"""A number of an answer."""


class Model(BaseModel):
    """Base of all: an unknown field, NaN and infinity are refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True, use_attribute_docstrings=True)


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
