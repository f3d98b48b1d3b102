from __future__ import annotations

import datetime as dt

from recognizer.clock import WallClock
from recognizer.integrations.rules.observer import Observer
from recognizer.integrations.rules.types import Change, Observation
from recognizer.types import EventKind, SourceChange, SourceState, Status
from tests.results import event, identity, make_result

BEGUN = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)


def observer() -> Observer:
    return Observer(WallClock(live=False, clock=lambda: BEGUN))


def said(observations: list[Observation]) -> list[tuple[Change, str | None]]:
    return [(each.change, each.name) for each in observations]


def test_only_changes_are_observed() -> None:
    follower = observer()
    frame = make_result(3.0, identities=[identity(1, "Ada"), identity(2)])
    first = list(follower.of_frame(frame))
    assert said(first) == [(Change.ENTERS, "Ada"), (Change.ENTERS, None)]
    assert first[0].moment == BEGUN + dt.timedelta(seconds=3)
    assert list(follower.of_frame(frame)) == []


def test_what_is_not_decided_is_nobody_and_a_doubt_changes_nothing() -> None:
    follower = observer()
    undecided = make_result(0.0, identities=[identity(1, None, Status.UNDECIDED)])
    assert list(follower.of_frame(undecided)) == []
    assert said(list(follower.of_frame(make_result(1.0, identities=[identity(1, "Ada")])))) == [(Change.ENTERS, "Ada")]
    assert list(follower.of_frame(undecided)) == []
    assert list(follower.of_frame(make_result(2.0, identities=[identity(1, "Ada")]))) == []


def test_a_face_that_becomes_somebody_elses() -> None:
    follower = observer()
    list(follower.of_frame(make_result(0.0, identities=[identity(1)])))
    found = list(follower.of_frame(make_result(1.0, identities=[identity(1, "Ada")])))
    assert said(found) == [(Change.BECOMES, None), (Change.ENTERS, "Ada")]


def test_tracks_end_once() -> None:
    follower = observer()
    list(follower.of_frame(make_result(0.0, identities=[identity(1, "Ada")])))
    lost = (event(EventKind.LOST, 2.0, name="Ada"),)
    assert said(list(follower.of_frame(make_result(2.0, events=lost)))) == [(Change.GOES, "Ada")]
    assert list(follower.of_events("clip", lost)) == []


def test_only_losses_and_returns_of_cameras_are_observed() -> None:
    follower = observer()
    changes = [
        SourceChange("yard", SourceState.LOST, 1.0, "gone", "source_lost"),
        SourceChange("yard", SourceState.BACKING_OFF, 1.0, "again"),
        SourceChange("yard", SourceState.LIVE, 2.0, event="source_back"),
    ]
    assert [each.change for change in changes for each in follower.of_change(change)] == [Change.LOST, Change.BACK]
