"""Compare what a receiver got with the event log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_KEY = ("source", "kind", "track_id", "name", "at_s")


@dataclass(frozen=True, slots=True)
class Delivered:
    """How the messages of a receiver compare with the events."""

    wanted: int
    missing: int
    foreign: int
    """Messages that are no event of the log."""
    repeated: int
    """Messages beyond the first of an id."""
    in_order: bool
    """The first ones of each id, as in the log."""


def compare(events: Sequence[Mapping[str, Any]], messages: Sequence[Mapping[str, Any]]) -> Delivered:
    """Compare messages, in the order in which they came, with all events; their ids tell repetitions."""
    once = list({message["id"]: message for message in reversed(messages)}.values())[::-1]
    wanted, came = [_key(event) for event in events], [_key(message) for message in once]
    lacking, foreign = Counter(wanted) - Counter(came), Counter(came) - Counter(wanted)
    return Delivered(
        wanted=len(wanted),
        missing=lacking.total(),
        foreign=foreign.total(),
        repeated=len(messages) - len(once),
        in_order=[key for key in wanted if key not in lacking] == [key for key in came if key not in foreign],
    )


def _key(record: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(record.get(name) for name in _KEY)
