from __future__ import annotations

from recognizer.runtime.workers.open_tracks import OpenTracks
from recognizer.types import EventKind
from tests.results import event, make_result


def test_the_tracks_that_were_not_lost_end_where_they_were_last() -> None:
    tracks = OpenTracks()
    appeared = event(EventKind.APPEARED, 1.0, track_id=4)
    tracks.add(make_result(events=(appeared,)))
    brief = (event(EventKind.APPEARED, 2.0, track_id=5), event(EventKind.LOST, 2.0, track_id=5))
    tracks.add(make_result(2.0, events=brief))
    (lost,) = tracks.lose(appeared.source)
    assert (lost.kind, lost.track_id, lost.name) == (EventKind.LOST, 4, appeared.name)
    assert "process" in lost.reasons[-1]
    assert tracks.lose(appeared.source) == ()
    assert tracks.lose("nowhere") == ()
