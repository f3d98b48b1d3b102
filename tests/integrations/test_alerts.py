"""Rules applied to a run: from frames to what receivers get."""

from __future__ import annotations

import datetime as dt
import json
import stat
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recognizer.clock import WallClock
from recognizer.integrations.alerts import AlertSink
from recognizer.integrations.rules.memory import RuleMemory
from recognizer.integrations.rules.types import Alert, Rule, What
from recognizer.types import EventKind, SourceChange, SourceState
from tests.integrations.rules.scripted import NOON, rule
from tests.results import event, identity, make_result
from tests.rig import wait_for


class Clock:
    """A time of day that a test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> dt.datetime:
        return self.now


def alert_sink(folder: Path, rules: Sequence[Rule], got: list[Alert], **values: Any) -> AlertSink:
    values = {"people": ["Ada", "Bob"], "times": WallClock(live=False, clock=Clock()), "clock": Clock(), **values}
    receivers = {"phone": [got.append]}
    return AlertSink(rules, receivers=receivers, memory=RuleMemory(folder / "rules.json"), **values)


def test_frames_become_alerts_of_the_receivers_that_a_rule_names(tmp_path: Path) -> None:
    got: list[Alert] = []
    rules = [rule(name="all"), rule(name="elsewhere", to=("pager",)), rule(name="strangers", names=frozenset[str]())]
    with alert_sink(tmp_path, rules, got) as sink:
        sink.emit(make_result(1.0, identities=[identity(1, "Ada")]))
        wait_for(lambda: got, "the alert")
        sink.emit(make_result(2.0, identities=[identity(1, "Ada"), identity(2)]))
        sink.emit(make_result(4.1, identities=[identity(1, "Ada"), identity(2)]))
    assert [(alert.rule.name, alert.text) for alert in got] == [
        ("all", "Ada is at clip, 12:00"),
        ("all", "Somebody unknown is at clip, 12:00"),
        ("strangers", "Somebody unknown is at clip, 12:00"),
    ]
    assert sink.lost == 0


def test_time_that_passes_without_frames_is_noticed(tmp_path: Path) -> None:
    got: list[Alert] = []
    clock = Clock()
    times = WallClock(live={"yard"}, clock=clock)
    with alert_sink(tmp_path, [rule(What.CAMERA_LOST, for_s=300.0)], got, times=times, clock=clock) as sink:
        sink.on_source_state(SourceChange("yard", SourceState.LOST, time.monotonic(), "gone", "source_lost"))
        sink.on_source_state(SourceChange("yard", SourceState.BACKING_OFF, time.monotonic()))
        clock.now += dt.timedelta(seconds=301)
        wait_for(lambda: got, "the alert")
    assert got[0].text.startswith("No picture from yard for 5 minutes, lost at ")


def test_the_end_of_a_run_sends_what_a_digest_has_gathered(tmp_path: Path) -> None:
    got: list[Alert] = []
    with alert_sink(tmp_path, [rule(digest_s=3600.0)], got) as sink:
        sink.emit(make_result(1.0, identities=[identity(1, "Ada"), identity(2, "Bob")]))
    assert [alert.title for alert in got] == ["the rule: 2 messages"]


def test_a_restart_is_no_arrival(tmp_path: Path) -> None:
    got: list[Alert] = []
    arrivals = [rule(What.ARRIVES, absence_s=600.0)]
    with alert_sink(tmp_path, arrivals, got) as sink:
        sink.emit(make_result(1.0, identities=[identity(1, "Ada")]))
        wait_for(lambda: len(got) == 1, "she arrives")
    assert stat.S_IMODE((tmp_path / "rules.json").stat().st_mode) == 0o600
    with alert_sink(tmp_path, arrivals, got) as sink:
        sink.emit(make_result(1.0, identities=[identity(1, "Ada"), identity(2, "Bob")]))
    assert [alert.items[0].seen.name for alert in got] == ["Ada", "Bob"]


def test_a_removed_person_is_forgotten_on_disk_too(tmp_path: Path) -> None:
    got: list[Alert] = []
    with alert_sink(tmp_path, [rule()], got) as sink:
        sink.emit(make_result(1.0, identities=[identity(1, "Ada")]))
        sink.emit(make_result(2.0, events=[event(EventKind.LOST, 2.0, name="Ada")]))
    assert "Ada" in (tmp_path / "rules.json").read_text()
    with alert_sink(tmp_path, [rule()], got) as sink:
        sink.gallery_changed(frozenset({"Bob"}))
        wait_for(lambda: "Ada" not in (tmp_path / "rules.json").read_text(), "she is forgotten")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"the rule": 3}', '{"the rule": {"seen": [["Ada", "yesterday"]]}}'])
def test_a_memory_that_is_damaged_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "rules.json").write_text(text)
    got: list[Alert] = []
    with alert_sink(tmp_path, [rule()], got) as sink:
        sink.emit(make_result(1.0, identities=[identity(1, "Ada")]))
    assert len(got) == 1
    assert json.loads((tmp_path / "rules.json").read_text())["the rule"]["seen"][0][0] == "Ada"


def test_pictures_are_cut_only_where_somebody_sends_them(tmp_path: Path) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    image[10:30, 10:26] = 255
    for wanted in (False, True):
        got: list[Alert] = []
        with alert_sink(tmp_path / str(wanted), [rule()], got, pictures=wanted) as sink:
            sink.emit(make_result(1.0, image=image, identities=[identity(1, "Ada")]))
        picture = got[0].items[0].seen.picture
        assert (picture is not None) is wanted
        if picture is not None:
            assert picture.shape == (32, 25, 3)  # the box of 16 x 20 px and 30 % of it on each side
            assert picture[6:-6, 5:-4].min() == 255


def test_too_many_observations_are_dropped_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recognizer.integrations.alerts._WAITING", 5)
    sink = alert_sink(tmp_path, [rule()], [])  # not entered: nobody takes them
    sink.emit(make_result(1.0, identities=[identity(number, "Ada") for number in range(8)]))
    assert sink.lost == 3
