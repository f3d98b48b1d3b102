"""Decide, for one rule, what to report and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

from recognizer.integrations.rules.rate import Rate
from recognizer.integrations.rules.sentences import sentence
from recognizer.integrations.rules.types import UNKNOWN_HOLD_S, Alert, Change, Item, Observation, Rule, What

_MOST_ITEMS = 200
"""Of one digest; more are counted with the last."""
_Face = tuple[str, int]
"""Source and track."""


@dataclass(slots=True)
class _Pending:
    seen: Observation
    due: dt.datetime


@dataclass(slots=True)
class Evaluator:
    """Follows the observations of one rule. All times are times of day, and come from outside."""

    rule: Rule
    rate: Rate = field(init=False)
    last_seen: dict[str | None, dt.datetime] = field(default_factory=dict)
    """When each person who is away was there last; ``None`` stands for people who are not enrolled."""
    _present: dict[str | None, set[_Face]] = field(default_factory=dict)
    _pending: dict[_Face, _Pending] = field(default_factory=dict)
    """Seen, and not reported yet, as it must last."""
    _leaving: dict[str | None, _Pending] = field(default_factory=dict)
    _lost: dict[str, _Pending] = field(default_factory=dict)
    """Cameras without picture; reported once ``due`` is past."""
    _told_lost: set[str] = field(default_factory=set)
    _gathered: list[Item] = field(default_factory=list)
    _digest_due: dt.datetime | None = None

    def __post_init__(self) -> None:
        self.rate = Rate(self.rule.every_s, self.rule.per)

    def take(self, seen: Observation) -> list[Alert]:
        """Take an observation; returns what is to be reported at once."""
        if not self.rule.is_about(seen):
            return []
        match seen.change:
            case Change.ENTERS:
                found = self._enters(seen)
            case Change.GOES | Change.BECOMES:
                found = self._goes(seen)
            case Change.LOST:
                self._lost.setdefault(seen.source, _Pending(seen, seen.moment + _seconds(self.rule.for_s or 0.0)))
                return self.due(seen.moment)
            case Change.BACK:
                found = self._back(seen)
        return list(self._tell(found))

    def due(self, now: dt.datetime) -> list[Alert]:
        """Return what is to be reported by now, digests included."""
        found: list[Observation] = []
        for face in [face for face, each in self._pending.items() if each.due <= now]:
            found.append(self._pending.pop(face).seen)
        for name in [name for name, each in self._leaving.items() if each.due <= now]:
            found.append(self._leaving.pop(name).seen)
        if self.rule.what is What.CAMERA_LOST:
            for source, each in self._lost.items():
                if each.due <= now and source not in self._told_lost:
                    self._told_lost.add(source)
                    found.append(each.seen)
        alerts = list(self._tell(found))
        if self._digest_due is not None and self._digest_due <= now:
            alerts += self.flush(now)
        return alerts

    def next_due(self) -> dt.datetime | None:
        """When to ask ``due`` again, at the latest; ``None``: not before the next observation."""
        times = [each.due for each in (*self._pending.values(), *self._leaving.values())]
        if self.rule.what is What.CAMERA_LOST:
            times += [each.due for source, each in self._lost.items() if source not in self._told_lost]
        if self._digest_due is not None:
            times.append(self._digest_due)
        return min(times, default=None)

    def flush(self, now: dt.datetime) -> list[Alert]:
        """Report now what a digest has gathered, as at the end of a run."""
        items, self._gathered, self._digest_due = tuple(self._gathered), [], None
        return [Alert(self.rule, now, items)] if items else []

    def present(self) -> Iterator[str | None]:
        """Yield who is there now."""
        yield from self._present

    def forget(self, keep: frozenset[str]) -> None:
        """Forget the people who are not in ``keep``: they are not enrolled any more."""
        for known in (self.last_seen, self._leaving):
            for name in [name for name in known if name is not None and name not in keep]:
                del known[name]
        self.rate.forget(keep)

    def _enters(self, seen: Observation) -> list[Observation]:
        face = (seen.source, seen.track_id)
        was_there = seen.name in self._present
        self._present.setdefault(seen.name, set()).add(face)
        self._leaving.pop(seen.name, None)
        if self.rule.what is What.LEAVES:
            return []
        if self.rule.what is What.ARRIVES:
            last = self.last_seen.get(seen.name)
            if was_there or (last is not None and seen.moment - last < _seconds(self.rule.absence_s)):
                return []
        hold_s = self.rule.for_s
        if hold_s is None:
            hold_s = UNKNOWN_HOLD_S if seen.name is None else 0.0
        if hold_s <= 0:
            return [seen]
        self._pending[face] = _Pending(seen, seen.moment + _seconds(hold_s))
        return []

    def _goes(self, seen: Observation) -> list[Observation]:
        face = (seen.source, seen.track_id)
        pending = self._pending.pop(face, None)
        faces = self._present.get(seen.name, set())
        faces.discard(face)
        mistaken = pending is not None and seen.change is Change.BECOMES
        if not faces and self._present.pop(seen.name, None) is not None and not mistaken:
            self.last_seen[seen.name] = seen.moment
            if self.rule.what is What.LEAVES:
                self._leaving[seen.name] = _Pending(seen, seen.moment + _seconds(self.rule.absence_s))
        if pending is None or mistaken:
            return []
        # by default a stranger counts who goes sooner; a time that the user has set must be reached
        return [pending.seen] if self.rule.for_s is None or pending.due <= seen.moment else []

    def _back(self, seen: Observation) -> list[Observation]:
        lost = self._lost.pop(seen.source, None)
        found = []
        if lost is not None and lost.due <= seen.moment:
            if self.rule.what is What.CAMERA_BACK:
                found.append(seen)
            elif seen.source not in self._told_lost:
                found.append(lost.seen)  # nobody has asked in time
        self._told_lost.discard(seen.source)
        return found

    def _tell(self, found: list[Observation]) -> Iterator[Alert]:
        for seen in found:
            if not self.rule.schedule.covers(seen.moment):
                continue
            suppressed = self.rate.allow(seen)
            if suppressed is None:
                continue
            item = Item(seen, sentence(self.rule, seen, suppressed), suppressed)
            if self.rule.digest_s <= 0:
                yield Alert(self.rule, seen.moment, (item,))
                continue
            if len(self._gathered) < _MOST_ITEMS:
                self._gathered.append(item)
            if self._digest_due is None:
                self._digest_due = seen.moment + _seconds(self.rule.digest_s)


def _seconds(count: float) -> dt.timedelta:
    return dt.timedelta(seconds=count)
