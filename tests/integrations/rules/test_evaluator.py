from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from recognizer.integrations.rules.schedule import Hours, Schedule
from recognizer.integrations.rules.types import Change, What
from tests.integrations.rules.scripted import Script, after


@pytest.mark.parametrize(
    ("who", "reported"),
    [
        ({}, ["Ada", "Bob", None]),
        ({"unknown": False}, ["Ada", "Bob"]),
        ({"names": frozenset[str]()}, [None]),
        ({"names": frozenset({"Ada"}), "unknown": False}, ["Ada"]),
    ],
)
def test_who(who: dict[str, Any], reported: list[str | None]) -> None:
    script = Script(for_s=0.0, **who)
    for track, name in enumerate(["Ada", "Bob", None]):
        script.enters(track, name, track=track)
    assert [alert.items[0].seen.name for alert in script.alerts] == reported


def test_where() -> None:
    script = Script(sources=frozenset({"entrance"}))
    script.enters(0, "Ada", source="yard")
    assert script.texts == []
    script.enters(1, "Ada", source="entrance")
    assert script.texts == ["Ada is at entrance, 12:00"]


def test_when_is_the_time_of_what_happened() -> None:
    script = Script(schedule=Schedule((Hours.parse("12:00-12:01"),), zone=dt.UTC), names=frozenset[str]())
    script.enters(59)  # within the hours; reported two seconds later, after them
    script.passes(61.5)
    script.enters(70, track=2)
    script.passes(80)
    assert script.texts == ["Somebody unknown is at entrance, 12:00"]


def test_somebody_unknown_for_a_moment_who_is_recognised_is_not_told() -> None:
    script = Script(names=frozenset[str]())
    script.enters(0)
    assert script.evaluator.next_due() == after(2)
    script.happens(Change.BECOMES, 1)
    script.enters(1, "Ada")
    script.passes(10)
    assert script.texts == []


def test_somebody_unknown_who_goes_at_once_is_told() -> None:
    script = Script(names=frozenset[str]())
    script.enters(0)
    script.goes(1)
    assert script.texts == ["Somebody unknown is at entrance, 12:00"]
    script.passes(10)
    assert len(script.texts) == 1


def test_a_time_that_the_user_sets_must_be_reached() -> None:
    script = Script(for_s=30.0)
    script.enters(0, "Ada")
    script.goes(20, "Ada")
    script.enters(30, "Bob", track=2)
    script.passes(59.9)
    assert script.texts == []
    script.passes(60)
    assert script.texts == ["Bob is at entrance, 12:00"]


def test_an_arrival_is_the_first_sighting_after_an_absence() -> None:
    script = Script(What.ARRIVES, absence_s=600.0)
    script.enters(0, "Ada")
    script.goes(100, "Ada")
    script.enters(699, "Ada", track=2)  # away for 599 s
    script.goes(5000, "Ada", track=2)  # there for over an hour
    script.enters(5100, "Ada", track=3)
    script.goes(5200, "Ada", track=3)
    script.enters(5800, "Ada", track=4)
    assert script.texts == ["Ada has arrived at entrance, 12:00", "Ada has arrived at entrance, 13:36"]


def test_somebody_before_two_cameras_arrives_once() -> None:
    script = Script(What.ARRIVES, absence_s=10.0)
    script.enters(0, "Ada")
    script.enters(5, "Ada", source="hall", track=7)
    script.goes(6, "Ada")
    script.enters(100, "Ada", track=2)  # still in the hall
    assert len(script.texts) == 1


def test_a_mistaken_stranger_counts_as_no_visit() -> None:
    script = Script(What.ARRIVES, absence_s=600.0, names=frozenset[str]())
    script.enters(0)
    script.happens(Change.BECOMES, 1)
    script.enters(20, track=2)
    script.passes(30)
    assert script.texts == ["Somebody unknown has arrived at entrance, 12:00"]


def test_leaving_is_told_after_the_absence_with_the_time_of_the_last_sighting() -> None:
    script = Script(What.LEAVES, absence_s=600.0)
    script.enters(0, "Ada")
    script.goes(60, "Ada")
    script.enters(120, "Ada", track=2)  # back in time
    script.goes(180, "Ada", track=2)
    assert script.passes(779) == []
    assert script.evaluator.next_due() == after(780)
    script.passes(780)
    assert script.texts == ["Ada has left, last seen at entrance, 12:03"]


def test_a_camera_that_is_lost_for_five_minutes() -> None:
    lost, back = (Script(what, for_s=300.0) for what in (What.CAMERA_LOST, What.CAMERA_BACK))
    for script in (lost, back):
        script.happens(Change.LOST, 0)
        script.passes(200)
        script.happens(Change.BACK, 250)  # a short loss
        script.passes(400)
        assert script.texts == []
        script.happens(Change.LOST, 1000)
        script.passes(1300)
        script.passes(1400)
        script.happens(Change.BACK, 1500)
    assert lost.texts == ["No picture from entrance for 5 minutes, lost at 12:16"]
    assert back.texts == ["entrance sends pictures again, 12:25"]


def test_rules_about_people_and_about_cameras_are_apart() -> None:
    people, cameras = Script(), Script(What.CAMERA_LOST)
    for script in (people, cameras):
        script.enters(0, "Ada")
        script.happens(Change.LOST, 1)
    assert people.texts == ["Ada is at entrance, 12:00"]
    assert cameras.texts == ["No picture from entrance, lost at 12:00"]


@pytest.mark.parametrize(
    ("per", "reported"),
    [
        ({"person", "camera"}, ["Ada entrance", "Bob entrance", "Ada hall"]),
        ({"person"}, ["Ada entrance", "Bob entrance"]),
        ({"camera"}, ["Ada entrance", "Ada hall"]),
        (set[str](), ["Ada entrance"]),
    ],
)
def test_how_often_and_what_the_limit_distinguishes(per: set[str], reported: list[str]) -> None:
    script = Script(every_s=300.0, per=frozenset(per))
    script.enters(0, "Ada")
    script.enters(1, "Bob", track=2)
    script.enters(2, "Ada", source="hall")
    script.enters(299, "Ada", track=3)
    assert [f"{alert.items[0].seen.name} {alert.items[0].seen.source}" for alert in script.alerts] == reported


def test_what_was_not_reported_is_counted_with_the_next() -> None:
    script = Script(every_s=300.0)
    for track, at_s in enumerate((0, 100, 200, 300)):
        script.enters(at_s, "Ada", track=track)
    assert script.texts == ["Ada is at entrance, 12:00", "Ada is at entrance, 12:05 (2 more since the last message)"]
    assert script.alerts[1].items[0].suppressed == 2


def test_a_clock_that_is_set_back_does_not_silence_a_rule() -> None:
    script = Script(every_s=300.0)
    script.enters(3600, "Ada")
    script.enters(0, "Ada", track=2)
    assert len(script.alerts) == 2


def test_a_digest_gathers_and_is_sent_once() -> None:
    script = Script(digest_s=600.0)
    script.enters(0, "Ada")
    script.enters(60, "Bob", track=2)
    assert script.alerts == []
    assert script.evaluator.next_due() == after(600)
    script.passes(600)
    [digest] = script.alerts
    assert digest.title == "the rule: 2 messages"
    assert digest.text == "Ada is at entrance, 12:00\nBob is at entrance, 12:01"
    script.passes(2000)
    script.enters(2000, "Cy", track=3)
    assert [alert.text for alert in script.evaluator.flush(after(2001))] == ["Cy is at entrance, 12:33"]
    assert script.evaluator.flush(after(2002)) == []


def test_the_record_of_an_alert() -> None:
    script = Script()
    [alert] = script.enters(0, "Ada")
    assert alert.record() == {
        "time": "2026-11-28T12:00:00.000+00:00",
        "kind": "alert",
        "rule": "the rule",
        "what": "seen",
        "source": "entrance",
        "name": "Ada",
        "text": "Ada is at entrance, 12:00",
        "items": [
            {
                "time": "2026-11-28T12:00:00.000+00:00",
                "source": "entrance",
                "name": "Ada",
                "track_id": 1,
                "similarity": 0.6,
                "suppressed": 0,
                "text": "Ada is at entrance, 12:00",
            }
        ],
    }


def test_a_removed_person_is_forgotten() -> None:
    script = Script(What.LEAVES, absence_s=600.0)
    script.enters(0, "Ada")
    script.goes(1, "Ada")
    script.evaluator.forget(frozenset({"Bob"}))
    script.passes(10_000)
    assert script.texts == []
    assert "Ada" not in script.evaluator.last_seen
