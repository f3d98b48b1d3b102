"""A source that is paused: its people are gone, and the others go on."""

from __future__ import annotations

import threading

from recognizer.capture.live import LiveSource
from recognizer.capture.pausable import Pausable
from recognizer.runtime.runner import run
from recognizer.types import EventKind, SourceState
from tests.fakes import ListSink, ScriptedCamera
from tests.painted_pipeline import pipeline as painted_pipeline
from tests.rig import Background, wait_until


def test_pausing_ends_the_tracks_and_resuming_begins_new_ones() -> None:
    pipeline, _, _ = painted_pipeline()
    sources = [
        Pausable(LiveSource(ScriptedCamera(100_000, interval_s=0.01), name=name)) for name in ("paused", "other")
    ]
    sink, stop = ListSink(), threading.Event()

    def seen(kind: EventKind) -> int:
        return sum(event.kind is kind and event.source == "paused" for event in list(sink.events))

    def frames(source: str) -> int:
        return sum(result.frame.source == source for result in list(sink.results))

    running = Background(lambda: run(sources, pipeline, [sink], stop=stop))
    try:
        assert wait_until(lambda: seen(EventKind.APPEARED) == 1, seconds=20) < 20
        sources[0].pause()
        assert wait_until(lambda: seen(EventKind.LOST) == 1, seconds=20) < 20
        before, other = frames("paused"), frames("other")
        assert wait_until(lambda: frames("other") > other + 10, seconds=20) < 20
        assert frames("paused") <= before + 4  # those that waited already
        sources[0].resume()
        assert wait_until(lambda: seen(EventKind.APPEARED) == 2, seconds=20) < 20
    finally:
        stop.set()
        running.join(20)
    states = [change.state for change in sink.changes if change.source == "paused"]
    assert states[states.index(SourceState.PAUSED) + 1] is SourceState.LIVE
