"""Observations by the clock, for tests of rules."""

from __future__ import annotations

import datetime as dt
from typing import Any

from recognizer.integrations.rules.evaluator import Evaluator
from recognizer.integrations.rules.schedule import Schedule
from recognizer.integrations.rules.types import Alert, Change, Observation, Rule, What

NOON = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)


def after(seconds: float) -> dt.datetime:
    return NOON + dt.timedelta(seconds=seconds)


def rule(what: What = What.SEEN, **values: Any) -> Rule:
    values = {"name": "the rule", "schedule": Schedule(zone=dt.UTC), "every_s": 0.0, "to": ("phone",), **values}
    return Rule(what=what, **values)


class Script:
    """One rule, and what it tells as things happen."""

    def __init__(self, what: What = What.SEEN, **values: Any) -> None:
        self.evaluator = Evaluator(rule(what, **values))
        self.alerts: list[Alert] = []

    @property
    def texts(self) -> list[str]:
        return [alert.text for alert in self.alerts]

    def happens(
        self, change: Change, at_s: float, name: str | None = None, *, source: str = "entrance", track: int = 1
    ) -> list[Alert]:
        """What is reported at once."""
        reported = self.evaluator.take(Observation(change, after(at_s), source, name, track, 0.6))
        self.alerts += reported
        return reported

    def enters(self, at_s: float, name: str | None = None, **place: Any) -> list[Alert]:
        return self.happens(Change.ENTERS, at_s, name, **place)

    def goes(self, at_s: float, name: str | None = None, **place: Any) -> list[Alert]:
        return self.happens(Change.GOES, at_s, name, **place)

    def passes(self, at_s: float) -> list[Alert]:
        """What is reported because time has passed."""
        reported = self.evaluator.due(after(at_s))
        self.alerts += reported
        return reported
