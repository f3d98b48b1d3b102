from __future__ import annotations

from typing import Any

import pytest

from recognizer.demo.demo_clip import SCRIPT
from recognizer.demo.self_check import check, named_spans


def event(at_s: float, kind: str, track_id: int, person: str, name: str | None = None) -> dict[str, Any]:
    """An event with the box where a person of the script stands; out of the picture when that person is not there."""
    pose = next((p for a in SCRIPT if a.person == person and (p := a.pose(at_s) or a.pose(at_s - 0.2))), None)
    x, y, half = (pose.x, pose.y, pose.width / 2) if pose else (-500.0, -500.0, 40.0)
    box = [x - half, y - half, x + half, y + half]
    return {"at_s": at_s, "kind": kind, "track_id": track_id, "name": name, "similarity": 0.6, "box": box}


OBAMA, COLLINS, HOPPER = "Barack Obama", "Eileen Collins", "Grace Hopper"


def right() -> list[dict[str, Any]]:
    """What a good run says."""
    return [
        event(0.9, "appeared", 1, OBAMA),
        event(1.0, "recognised", 1, OBAMA, OBAMA),
        event(2.0, "recognised", 2, COLLINS, COLLINS),
        event(4.2, "appeared", 3, HOPPER),
        event(5.5, "lost", 1, OBAMA, OBAMA),
        event(5.5, "lost", 2, COLLINS, COLLINS),
        event(8.4, "lost", 3, HOPPER),
        event(8.7, "appeared", 4, HOPPER),
        event(9.0, "recognised", 5, COLLINS, COLLINS),
        event(9.0, "recognised", 6, OBAMA, OBAMA),
    ]


def test_good_run_has_no_problem() -> None:
    outcome = check(right())
    assert outcome.problems == ()
    assert [round(row.covered, 2) for row in outcome.rows] == [0.75, 0.62, 0, 0, 0.86, 0.86]
    assert [row.named[0].track_id for row in outcome.rows if row.named] == [1, 2, 5, 6]


@pytest.mark.parametrize(
    ("added", "removed", "message"),
    [
        ([], [1], "Barack Obama, 0.0 to 4.0 s: named for 0% of it, wanted 50%"),
        ([], [3], "the stranger (Grace Hopper), 4.0 to 7.0 s: not noticed"),
        ([], [4], "Barack Obama was still said to be there at 12.0 s (track 1)"),
        ([event(5.0, "recognised", 3, HOPPER, OBAMA)], [], "at 5.0 s the stranger (Grace Hopper) was called Barack"),
        ([event(9.5, "changed", 5, COLLINS, OBAMA)], [], "at 9.5 s Eileen Collins was called Barack Obama"),
        ([event(3.0, "recognised", 9, HOPPER, OBAMA)], [], "at 3.0 s Barack Obama was named where nobody is"),
        ([event(7.5, "appeared", 9, HOPPER)], [], "at 7.5 s somebody appeared in the empty room (track 9)"),
    ],
)
def test_each_mistake_is_reported(added: list[dict[str, Any]], removed: list[int], message: str) -> None:
    events = [e for number, e in enumerate(right()) if number not in removed] + added
    events.sort(key=lambda e: float(e["at_s"]))
    assert any(message in problem for problem in check(events).problems)


def test_silence_is_no_success() -> None:
    assert len(check([]).problems) == 6


def test_a_name_withdrawn_and_given_again_makes_two_spans() -> None:
    events = [
        event(1.0, "recognised", 1, OBAMA, OBAMA),
        event(2.0, "changed", 1, OBAMA),
        event(3.0, "changed", 1, OBAMA, OBAMA),
        event(4.0, "lost", 1, OBAMA, OBAMA),
    ]
    spans = named_spans(events, 12.0)
    assert [(span.begins_s, span.ends_s) for span in spans] == [(1.0, 2.0), (3.0, 4.0)]
