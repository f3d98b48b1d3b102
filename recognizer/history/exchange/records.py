"""What an export holds of a track, and what an event log holds of an event; checked when they are read."""

from __future__ import annotations

import base64
from typing import Annotated, Literal

import numpy as np
from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, FiniteFloat, field_validator

FORMAT = "recognizer-history"
VERSION = 1
"""Of exports; a newer one is refused."""

Name = Annotated[str, Field(min_length=1, max_length=1000)]


def _decoded(value: object) -> object:
    return base64.b64decode(value, validate=True) if isinstance(value, str) else value


class ExportedRun(BaseModel):
    """The run that saw a track."""

    began: AwareDatetime
    model: str
    known: FiniteFloat
    margin: FiniteFloat


class ExportedSample(BaseModel):
    """One embedded face."""

    at: AwareDatetime
    eyes_px: FiniteFloat
    sharpness: FiniteFloat
    yaw_deg: FiniteFloat
    roll_deg: FiniteFloat
    score: FiniteFloat
    vector: Annotated[bytes, BeforeValidator(_decoded)]
    """float16, little-endian, of unit length; base64 in JSON."""

    @field_validator("vector")
    @classmethod
    def _is_unit(cls, data: bytes) -> bytes:
        if not data or len(data) % 2:
            raise ValueError("a vector is float16 numbers")
        length = float(np.linalg.norm(np.frombuffer(data, "<f2").astype(np.float64)))
        if not abs(length - 1) < 0.01:  # float16 of 512 numbers is off by 0.0002 at most; not: NaN
            raise ValueError(f"a vector has length 1, this one {length:.3f}")
        return data


class ExportedCluster(BaseModel):
    """The cluster of an unknown track, numbered as in the history that was exported."""

    id: int
    state: Literal["open", "ignored", "discarded"]


class ExportedTrack(BaseModel):
    """A track; see ``schema.tracks``."""

    run: ExportedRun
    source: str
    number: Annotated[int, Field(ge=0, lt=2**63)]
    began: AwareDatetime
    ended: AwareDatetime
    at_s: FiniteFloat
    status: Literal["known", "unknown", "undecided"]
    person: Name | None
    given: Name | None
    nearest: Name | None
    similarity: FiniteFloat
    margin: FiniteFloat
    reasons: list[str]
    frames: Annotated[int, Field(ge=0, lt=2**31)]
    corrected: bool
    cluster: ExportedCluster | None
    samples: list[ExportedSample] | None = None
    """``None`` in an export without vectors."""


class LoggedEvent(BaseModel):
    """A line of an event log: of a face, or, without ``track_id``, of a source."""

    time: AwareDatetime
    source: str
    kind: str
    at_s: FiniteFloat = 0.0
    track_id: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    name: Name | None = None
    similarity: FiniteFloat | None = None
    margin: FiniteFloat | None = None
    reasons: list[str] = []
