"""Apply the rules to a run, on a thread of their own, and hand alerts to the sinks that they name."""

from __future__ import annotations

import datetime as dt
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self

import numpy as np
from loguru import logger

from recognizer.clock import WallClock, now
from recognizer.emit.base import BaseSink
from recognizer.integrations.rules.evaluator import Evaluator
from recognizer.integrations.rules.memory import RuleMemory
from recognizer.integrations.rules.observer import Observer
from recognizer.integrations.rules.types import Alert, Observation, Rule
from recognizer.types import U8, Event, FrameResult, PictureNeed, SourceChange

_WAITING = 1000
"""Observations that wait for the rules; older ones are dropped and counted."""
_SAVE_S = 60.0
_LONGEST_WAIT_S = 1.0
"""A clock that is set, and timers, are noticed within this time."""
_JOIN_S = 0.5
_FACE_MARGIN = 0.3
"""Share of the box's sides around the picture of a face."""
Receiver = Callable[[Alert], None]


class AlertSink(BaseSink):
    """Observes a run, and sends what its rules report; must be closed before the sinks that receive its alerts.

    Args:
        rules: in the order of the settings.
        receivers: what takes the alerts of rules that send to a name; returns at once.
        times: gives times of day, and which sources are cameras.
        memory: what outlives a run.
        people: who is enrolled.
        pictures: cut faces out, as some receiver sends them.
        clock: the time of day, with its zone.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        *,
        receivers: Mapping[str, Sequence[Receiver]],
        times: WallClock,
        memory: RuleMemory,
        people: Collection[str],
        pictures: bool = False,
        clock: Callable[[], dt.datetime] = now,
    ) -> None:
        self.lost = 0
        """Observations that were dropped."""
        self._evaluators = [Evaluator(rule) for rule in rules]
        self._receivers, self._memory, self._clock = receivers, memory, clock
        self._pictures = pictures
        self._observer = Observer(times, _picture if pictures else lambda result, row: None)
        self._times = times
        self._changed = threading.Condition()
        self._waiting: deque[Observation] = deque()
        self._people: frozenset[str] | None = frozenset(people)
        self._file_time: dt.datetime | None = None
        """How far files have come, which are read faster than their time passes."""
        self._saved_at = clock()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="rules", daemon=True)

    def __enter__(self) -> Self:
        """Start to apply the rules."""
        self._times.restart()
        self._memory.load(self._evaluators, self._clock())
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Apply the rules to what waits, send the digests, and keep what the next run must know."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._thread.join(_JOIN_S)
        if self.lost:
            logger.error("rules: {} observations were lost, too many waited", self.lost)

    def emit(self, result: FrameResult) -> None:
        """Observe a frame."""
        if not self._times.is_live(result.frame.source):
            self._file_time = self._times.moment(result.frame.source, result.frame.captured_at)
        self._put(self._observer.of_frame(result))

    def on_end(self, source: str, events: tuple[Event, ...]) -> None:
        """Observe the end of a source's tracks."""
        self._put(self._observer.of_events(source, events))

    def on_source_state(self, change: SourceChange) -> None:
        """Observe that a camera was lost, or is back."""
        self._put(self._observer.of_change(change))

    def picture_need(self, source: str) -> PictureNeed:
        """Pictures are needed where faces are decided, if a receiver sends them."""
        return PictureNeed.SAMPLES if self._pictures else PictureNeed.NONE

    def gallery_changed(self, people: frozenset[str]) -> None:
        """Forget those who are not enrolled any more."""
        with self._changed:
            self._people = people
            self._changed.notify_all()

    def _put(self, observations: Iterable[Observation]) -> None:
        found = list(observations)
        if not found:
            return
        with self._changed:
            self._waiting.extend(found)
            while len(self._waiting) > _WAITING:
                self._waiting.popleft()
                self.lost += 1
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                if not (self._waiting or self._ending or self._people is not None):
                    self._changed.wait(self._wait_s())
                observations, ending = list(self._waiting), self._ending
                people, self._people = self._people, None
                self._waiting.clear()
            try:
                self._apply(observations, people, ending=ending)
            except Exception as error:  # a fault in here must not end all rules
                logger.opt(exception=error).error("rules: this is a bug")
            if ending:
                return

    def _wait_s(self) -> float:
        due = [at for each in self._evaluators if (at := each.next_due()) is not None]
        if not due:
            return _SAVE_S
        return min(max((min(due) - self._clock()).total_seconds(), 0.01), _LONGEST_WAIT_S)

    def _apply(self, observations: Sequence[Observation], people: frozenset[str] | None, *, ending: bool) -> None:
        moment = max([self._clock(), *([self._file_time] if self._file_time else [])])
        for each in self._evaluators:
            for seen in observations:
                self._send(each.take(seen))
            if people is not None:
                each.forget(people)
            self._send(each.due(moment))
            if ending:
                self._send(each.flush(moment))
        if ending or people is not None or (moment - self._saved_at).total_seconds() >= _SAVE_S:
            self._saved_at = moment
            self._memory.save(self._evaluators, moment)

    def _send(self, alerts: Iterable[Alert]) -> None:
        for alert in alerts:
            logger.debug("rule {}: {}", alert.rule.name, alert.text.replace("\n", "; "))
            for name in alert.rule.to:
                for receiver in self._receivers.get(name, ()):
                    receiver(alert)


def face_picture(image: U8, box: Sequence[float]) -> U8 | None:
    """Cut a face, with a margin, out of a picture; ``None`` where none of it is in the picture.

    Args:
        image: (H, W, 3) BGR.
        box: left, top, right, bottom, px.
    """
    x1, y1, x2, y2 = map(float, box)
    across, down = _FACE_MARGIN * (x2 - x1), _FACE_MARGIN * (y2 - y1)
    top, left = max(int(y1 - down), 0), max(int(x1 - across), 0)
    crop = image[top : max(int(y2 + down), top + 1), left : max(int(x2 + across), left + 1)]
    return np.ascontiguousarray(crop) if crop.size else None


def _picture(result: FrameResult, row: int) -> U8 | None:
    if not result.frame.has_picture:
        return None
    return face_picture(result.frame.image, result.tracks.boxes[row].tolist())
