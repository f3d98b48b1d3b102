from __future__ import annotations

import datetime as dt
import threading

from recognizer.clock import WallClock
from recognizer.emit.event_memory import EventMemory
from recognizer.types import EventKind, SourceChange, SourceState
from tests.results import event, make_result

NOON = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)


def memory(kept: int = 1000) -> EventMemory:
    times = WallClock(live=True, clock=lambda: NOON, monotonic=lambda: 0.0)
    return EventMemory(live={"clip"}, kept=kept, times=times)


def test_events_are_those_of_the_log_with_ids_that_grow() -> None:
    events = memory()
    events.emit(make_result(5.0, events=[event(EventKind.APPEARED, 5.0)]))
    events.on_source_state(SourceChange("clip", SourceState.STALLED, 6.0, "no frame for 1.0 s"))
    events.on_end("clip", (event(EventKind.LOST, 7.0),))
    events.on_source_state(SourceChange("clip", SourceState.LOST, 7.5, "refused", "source_lost"))
    found = events.after(None)
    assert [(each["kind"], each["at_s"], each["time"]) for each in found] == [
        ("appeared", 0.0, "2026-11-27T12:00:05.000+00:00"),
        ("lost", 2.0, "2026-11-27T12:00:07.000+00:00"),
        ("source_lost", 2.5, "2026-11-27T12:00:07.500+00:00"),
    ]
    noon_us = round(NOON.timestamp() * 1e6)
    assert [each["id"] for each in found] == [f"{noon_us + us}-{n}" for n, us in enumerate((5000000, 7000000, 7500000))]


def test_a_reader_goes_on_after_the_event_that_it_has() -> None:
    events = memory(kept=3)
    for at in range(5):
        events.emit(make_result(at, events=[event(EventKind.APPEARED, at)]))
    held = events.after(None)
    assert [each["at_s"] for each in held] == [2.0, 3.0, 4.0]
    assert events.after(held[0]["id"]) == held[1:]
    assert events.after("unknown-1") == held
    assert events.after(held[-1]["id"]) == []


def test_a_reader_waits_for_the_next_event() -> None:
    events = memory()
    later = threading.Timer(0.05, lambda: events.emit(make_result(1.0, events=[event(EventKind.APPEARED, 1.0)])))
    later.start()
    assert len(events.after(None, wait_s=30)) == 1
    later.join()
