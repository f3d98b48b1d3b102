"""A track's time in its source is that of the event log: from a camera's first frame, not from the machine's start."""

from __future__ import annotations

import pytest

from recognizer.clock import WallClock
from recognizer.emit.event_json import EventRecorder
from recognizer.history.collector import TrackCollector
from recognizer.types import EventKind
from tests.history.history_records import NOON
from tests.results import event, identity, make_result


@pytest.mark.parametrize(("live", "begins_at", "expected_s"), [(True, 86_400.0, 2.5), (False, 0.0, 2.5)])
def test_it_counts_as_in_the_event_log(live: bool, begins_at: float, expected_s: float) -> None:
    clock = WallClock(live=live, clock=lambda: NOON, monotonic=lambda: 86_410.0)
    collector, recorder = TrackCollector(clock), EventRecorder(clock)
    appeared = event(EventKind.APPEARED, begins_at + 2.5, track_id=7)
    for at in (0.0, 2.5):
        result = make_result(begins_at + at, identities=[identity(7)] if at else [])
        recorder.begin(result.frame)
        assert list(collector.add(result)) == []
    (track,) = collector.end("clip", (event(EventKind.LOST, begins_at + 4.0, track_id=7),))
    moment, record = recorder.of_event(appeared)
    assert (track.at_s, record["at_s"]) == (expected_s, expected_s)
    assert track.began == moment
