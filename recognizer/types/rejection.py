"""A face and a person that somebody said it is not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from recognizer.types.arrays import F32


@dataclass(frozen=True, slots=True, eq=False)
class Rejection:
    """From now on, a face nearer to ``vector`` than to the person is not that person."""

    person: str
    vector: F32
    """(D,) template of the rejected track, of unit length."""
    at: dt.datetime
