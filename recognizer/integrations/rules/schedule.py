"""Hours and weekdays at which a rule holds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

_DAY_MINUTES = 24 * 60
_ALL_DAYS = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Hours:
    """A span of a day, in minutes since midnight; one whose end is not after its beginning ends on the next day."""

    begin: int
    end: int

    @classmethod
    def parse(cls, text: str) -> Hours:
        """Read ``22:00-06:00``.

        Raises:
            ValueError: it is none.
        """
        begin, _, end = text.partition("-")
        return cls(_minutes(begin), _minutes(end))

    def __post_init__(self) -> None:
        if not (0 <= self.begin < _DAY_MINUTES and 0 <= self.end <= _DAY_MINUTES and self.begin != self.end):
            raise ValueError(f"wanted two different times of a day, got minutes {self.begin} and {self.end}")


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a rule holds."""

    hours: tuple[Hours, ...] = ()
    """All day without any."""
    days: frozenset[int] = _ALL_DAYS
    """Of the week, Monday is 0. Hours that pass midnight belong to the day on which they begin."""
    zone: dt.tzinfo | None = None
    """``None``: this machine's."""

    def covers(self, moment: dt.datetime) -> bool:
        """Whether the rule holds at a moment, which has a zone.

        >>> night = Schedule((Hours.parse("22:00-06:00"),), frozenset({4}), dt.UTC)
        >>> night.covers(dt.datetime(2026, 11, 28, 5, 59, tzinfo=dt.UTC))  # of the night that began on Friday
        True
        """
        local = moment.astimezone(self.zone)
        minute, today = local.hour * 60 + local.minute, local.weekday()
        if not self.hours:
            return today in self.days
        return any(self._covers(span, minute, today) for span in self.hours)

    def _covers(self, span: Hours, minute: int, today: int) -> bool:
        if span.begin < span.end:
            return today in self.days and span.begin <= minute < span.end
        if minute >= span.begin:
            return today in self.days
        return minute < span.end and (today - 1) % 7 in self.days


def _minutes(text: str) -> int:
    hour, _, minute = text.strip().partition(":")
    return int(hour) * 60 + int(minute)
