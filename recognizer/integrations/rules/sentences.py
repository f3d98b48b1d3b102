"""The sentences of notifications."""

from __future__ import annotations

import datetime as dt

from recognizer.counting import counted
from recognizer.integrations.rules.types import Observation, Rule, What


def sentence(rule: Rule, seen: Observation, suppressed: int) -> str:
    """Say what a rule reports of an observation: who, where and at what time of the rule's zone.

    Args:
        rule: that reports it.
        seen: what was observed.
        suppressed: how many like it were not reported since the one before.
    """
    local = seen.moment.astimezone(rule.schedule.zone)
    who, time = seen.name or "Somebody unknown", f"{local:%H:%M}"
    match rule.what:
        case What.SEEN:
            text = f"{who} is at {seen.source}, {time}"
        case What.ARRIVES:
            text = f"{who} has arrived at {seen.source}, {time}"
        case What.LEAVES:
            text = f"{who} has left, last seen at {seen.source}, {time}"
        case What.CAMERA_LOST:
            how_long = f" for {duration(rule.for_s)}" if rule.for_s else ""
            text = f"No picture from {seen.source}{how_long}, lost at {time}"
        case What.CAMERA_BACK:
            text = f"{seen.source} sends pictures again, {time}"
    return f"{text} ({suppressed} more since the last message)" if suppressed else text


def duration(seconds: float) -> str:
    """Say a duration in words.

    >>> duration(300), duration(90), duration(7200)
    ('5 minutes', '90 seconds', '2 hours')
    """
    span = dt.timedelta(seconds=seconds)
    for unit, length in (("hour", 3600), ("minute", 60)):
        if span.total_seconds() >= length and span.total_seconds() % length == 0:
            return counted(int(span.total_seconds() // length), unit)
    return counted(round(seconds), "second")
