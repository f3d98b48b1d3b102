from __future__ import annotations

import datetime as dt

from recognizer.clock import WallClock
from recognizer.emit.live_state import LiveState
from recognizer.types import SourceChange, SourceState, Status
from tests.results import identity, make_result

NOON = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)


class Board:
    """A state whose clock is set by hand; second 0 is noon."""

    def __init__(self) -> None:
        self.now = 0.0
        times = WallClock(live=True, clock=lambda: NOON + dt.timedelta(seconds=self.now), monotonic=lambda: self.now)
        self.state = LiveState(["clip"], live={"clip"}, clock=lambda: self.now, times=times)

    def change(self, state: SourceState, at: float, why: str = "", event: str | None = None) -> None:
        self.state.on_source_state(SourceChange("clip", state, at, why, event))

    @property
    def clip(self) -> dict[str, object]:
        [described] = self.state.as_list()
        return described


def test_people_age_and_rate_of_a_live_source() -> None:
    board = Board()
    assert board.clip["state"] == "starting"
    board.change(SourceState.OPEN, 0.0)
    board.change(SourceState.LIVE, 1.0)
    for number in range(100):
        board.now = number / 10
        people = [identity(7, "Ada"), identity(9, status=Status.UNDECIDED)]
        board.state.emit(make_result(board.now - 0.02, boxes=[(1, 2, 3, 4), (5, 6, 7, 8)], identities=people))
    board.now += 0.1
    clip = board.clip
    assert (clip["state"], clip["since"], clip["why"]) == ("live", "2026-11-27T12:00:01.000+00:00", None)
    assert (clip["frame_age_s"], clip["latency_s"], clip["rate"], clip["frames"]) == (0.12, 0.02, 10.0, 100)
    assert clip["people_now"] == [
        {"track_id": 7, "status": "known", "name": "Ada", "similarity": 0.6, "box": [1.0, 2.0, 3.0, 4.0]},
        {"track_id": 9, "status": "undecided", "name": None, "similarity": 0.6, "box": [5.0, 6.0, 7.0, 8.0]},
    ]


def test_a_lost_source_says_since_when_and_why_while_it_is_tried_again() -> None:
    board = Board()
    board.change(SourceState.LIVE, 0.0)
    board.state.emit(make_result(0.0, identities=[identity(1, "Ada")]))
    board.now = 9.0
    board.change(SourceState.LOST, 3.0, "connection refused", "source_lost")
    board.change(SourceState.BACKING_OFF, 3.0, "trying again, at least every 2 s")
    clip = board.clip
    assert (clip["state"], clip["since"]) == ("lost", "2026-11-27T12:00:03.000+00:00")
    assert (clip["why"], clip["people_now"], clip["losses"], clip["rate"]) == ("connection refused", [], 1, 0.0)
    board.change(SourceState.LIVE, 8.0, event="source_back")
    assert (board.clip["state"], board.clip["why"], board.clip["losses"]) == ("live", None, 1)


def test_nobody_is_there_when_a_source_ends_or_is_paused() -> None:
    board = Board()
    board.state.emit(make_result(0.0, identities=[identity(1, "Ada")]))
    board.state.on_end("clip", ())
    assert board.clip["people_now"] == []
    board.state.emit(make_result(0.0, identities=[identity(1, "Ada")]))
    assert board.clip["people_now"]
    board.change(SourceState.PAUSED, 1.0, "paused")
    assert board.clip["people_now"] == []
