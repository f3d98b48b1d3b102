"""What rules are made of: observations go in, alerts come out."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recognizer.integrations.rules.schedule import Schedule
from recognizer.types import U8

UNKNOWN_HOLD_S = 2.0
"""People who are enrolled may be unknown for moments, while they look away, before they are recognised. A choice
between few false alarms and soon a true one; ``for_s`` sets another."""


class What(enum.Enum):
    """What a rule is about."""

    SEEN = "seen"
    ARRIVES = "arrives"
    LEAVES = "leaves"
    CAMERA_LOST = "camera_lost"
    CAMERA_BACK = "camera_back"


class Change(enum.Enum):
    """What was observed."""

    ENTERS = "enters"
    """A face is decided to be somebody's, or a stranger's."""
    BECOMES = "becomes"
    """The same face is somebody else's from now on."""
    GOES = "goes"
    """The face has gone."""
    LOST = "lost"
    BACK = "back"


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """Something happened before a camera, or to it."""

    change: Change
    moment: dt.datetime
    """Time of day, with its zone."""
    source: str
    name: str | None = None
    """``None``: a person who is not enrolled, or nobody at all."""
    track_id: int = 0
    similarity: float = 0.0
    picture: U8 | None = None
    """The face and a margin, (H, W, 3) BGR."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule; see ``recognizer.app.notify_sections`` for what the fields mean to a user."""

    name: str
    what: What
    names: frozenset[str] | None = None
    """Who, of the enrolled; ``None``: all of them."""
    unknown: bool = True
    """Also people who are not enrolled."""
    sources: frozenset[str] | None = None
    """``None``: all."""
    schedule: Schedule = field(default_factory=Schedule)
    for_s: float | None = None
    absence_s: float = 1800.0
    every_s: float = 300.0
    per: frozenset[str] = frozenset({"person", "camera"})
    digest_s: float = 0.0
    to: tuple[str, ...] = ()

    def is_about(self, seen: Observation) -> bool:
        """Whether it is about the place and the person of an observation."""
        if self.sources is not None and seen.source not in self.sources:
            return False
        if seen.change in (Change.LOST, Change.BACK):
            return self.what in (What.CAMERA_LOST, What.CAMERA_BACK)
        if self.what in (What.CAMERA_LOST, What.CAMERA_BACK):
            return False
        return self.unknown if seen.name is None else self.names is None or seen.name in self.names


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One thing that a rule reports."""

    seen: Observation
    text: str
    """A sentence for people."""
    suppressed: int = 0
    """How many like it were not reported since the one before: the rule's rate."""


@dataclass(frozen=True, slots=True, eq=False)
class Alert:
    """What a rule reports, once: one item, or those of a digest."""

    rule: Rule
    moment: dt.datetime
    items: tuple[Item, ...]
    text: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", "\n".join(item.text for item in self.items))

    @property
    def title(self) -> str:
        """Of a notification."""
        return self.rule.name if len(self.items) == 1 else f"{self.rule.name}: {len(self.items)} messages"

    def record(self) -> Mapping[str, Any]:
        """Describe it for JSON; without pictures."""
        first = self.items[0].seen
        sources, names = ({getattr(item.seen, key) for item in self.items} for key in ("source", "name"))
        return {
            "time": self.moment.isoformat(timespec="milliseconds"),
            "kind": "alert",
            "rule": self.rule.name,
            "what": self.rule.what.value,
            "source": first.source if len(sources) == 1 else None,
            "name": first.name if len(names) == 1 else None,
            "text": self.text,
            "items": [_described(item) for item in self.items],
        }


def _described(item: Item) -> Mapping[str, Any]:
    seen = item.seen
    is_face = seen.change not in (Change.LOST, Change.BACK)
    return {
        "time": seen.moment.isoformat(timespec="milliseconds"),
        "source": seen.source,
        "name": seen.name,
        "track_id": seen.track_id if is_face else None,
        "similarity": round(seen.similarity, 4) if seen.name is not None else None,
        "suppressed": item.suppressed,
        "text": item.text,
    }
