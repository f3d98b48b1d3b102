"""Hours and weekdays at which a rule holds."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

_DAY_MINUTES = 24 * 60
_HOURS = re.compile(r"\s*(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)\s*")
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
        found = _HOURS.fullmatch(text)
        if found is not None:
            hour, minute, end_hour, end_minute = map(int, found.groups())
            begin, end = hour * 60 + minute, end_hour * 60 + end_minute
            if max(minute, end_minute) < 60 and begin < _DAY_MINUTES and end <= _DAY_MINUTES and begin != end:
                return cls(begin, end)
        raise ValueError("wanted hours as 22:00-06:00, from 00:00 to 24:00, with a beginning and another end")

    def __str__(self) -> str:
        return "-".join(f"{each // 60:02}:{each % 60:02}" for each in (self.begin, self.end))


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
