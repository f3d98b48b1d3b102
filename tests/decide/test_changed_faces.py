"""What becomes of a name when the face in its track is another one than before."""

from __future__ import annotations

import cv2
import numpy as np

from recognizer.decide.evidence import CHECKS, Evidence
from recognizer.types import U8, EventKind, Status
from tests.decide.decide_helpers import World, unit


def test_another_face_on_the_same_track_is_noticed_and_goes_on_under_a_new_id() -> None:
    world = World()
    world.frames(12, {1: unit(0.9)})
    last = world.frames(60, {1: unit(0.0, 0.9, rest=510)})
    assert list(last) == [101]
    assert last[101].name == "Bea"
    reported = [(event.kind, event.track_id, event.name) for event in world.events]
    assert reported[-3:] == [
        (EventKind.LOST, 1, "Ada"),
        (EventKind.APPEARED, 101, None),
        (EventKind.RECOGNISED, 101, "Bea"),
    ]


def test_a_name_is_withheld_from_the_first_sample_that_is_not_like_the_earlier_ones() -> None:
    world = World()
    world.frames(12, {1: unit(0.9)})
    world.decider._tracks[1].sample_due_at = 0
    doubted = world.frame({1: unit(0.26, 0.1, rest=510)})[1]  # 0.23 to the template: far above the 0.15 of old
    assert (doubted.status, doubted.name) == (Status.UNDECIDED, None)
    assert doubted.reasons[0] == "the face may have changed: similarity to the track 0.23, wanted 0.30"
    assert world.decider.doubted == {1}
    before = len(world.asked)
    assert world.frame({1: unit(0.9)}, seconds=0.04)[1].name == "Ada"  # one frame later
    assert len(world.asked) == before + 1
    assert [kind for kind, _ in world.reported()] == [EventKind.APPEARED, EventKind.RECOGNISED]


def test_a_sudden_change_of_the_picture_takes_a_sample_in_the_same_frame_though_none_is_due() -> None:
    random = np.random.default_rng(0)
    first, second = (random.integers(0, 255, (100, 100, 3), np.uint8) for _ in range(2))
    world = World()
    for _ in range(12):
        world.frame({1: unit(0.9)}, picture=first)
    before = len(world.asked)
    assert world.frame({1: unit(0.9)}, picture=first, seconds=0.04, verified=False)[1].name == "Ada"
    assert len(world.asked) == before
    swapped = world.frame({1: unit(0.0, 0.9, rest=510)}, picture=second, seconds=0.04, verified=False)
    assert len(world.asked) == before + 1
    assert swapped[1].name is None


def test_samples_that_are_like_neither_the_track_nor_each_other_leave_it_in_doubt() -> None:
    world = World()
    world.frames(12, {1: unit(0.9)})
    world.decider._tracks[1].sample_due_at = 0
    seen = [world.frame({1: unit(0.0, rest=500 - place)})[1] for place in range(5)]
    assert {identity.name for identity in seen} == {None}
    assert world.frame({1: unit(0.9)})[1].name == "Ada"


def test_one_odd_sample_changes_nothing() -> None:
    world = World()
    world.frames(12, {1: unit(0.9)})
    world.frames(20, {1: unit(0.9)}, seconds=0.04)
    world.decider._tracks[1].sample_due_at = 0
    world.frame({1: unit(0.0, 0.9, rest=510)})
    assert world.frames(30, {1: unit(0.9)})[1].name == "Ada"
    assert (EventKind.CHANGED, "Bea") not in world.reported()


def test_a_face_that_was_lost_and_is_back_keeps_its_name_at_once() -> None:
    world = World()
    world.frames(12, {1: unit(0.9)})
    world.frame({}, alive=[1])
    assert world.frame({1: unit(0.8, 0.1, rest=500)})[1].name == "Ada"


def test_another_face_in_the_place_of_a_lost_one_does_not_get_its_name() -> None:
    world = World()
    world.frames(12, {1: unit(0.9)})
    world.frame({}, alive=[1])
    seen = [world.frame({1: unit(0.0, 0.9, rest=510)}) for _ in range(20)]
    assert seen[0] == {}  # it does not resemble Ada, and is not reported before it has proven to be a face
    assert {shown[101].name for shown in seen if shown} == {"Bea"}
    assert world.reported()[-3:] == [(EventKind.LOST, "Ada"), (EventKind.APPEARED, None), (EventKind.RECOGNISED, "Bea")]


def test_an_object_in_the_place_of_a_lost_face_is_never_reported() -> None:
    world = World()
    world.frames(12, {1: unit(0.9)})
    world.frame({}, alive=[1])
    assert not any(world.frame({1: unit(0.0, 0.0, rest=510)}, score=0.93) for _ in range(30))


def named_world(picture: U8) -> World:
    """Ada, who was named while this picture was seen."""
    world = World()
    for _ in range(12):
        world.frame({1: unit(0.9)}, picture=picture)
    return world


def test_a_slow_change_of_the_picture_takes_a_sample_though_no_frame_differs_much_from_the_last() -> None:
    first, second = smooth(1), smooth(2)
    world = named_world(first)
    before = len(world.asked)
    for step in np.linspace(0, 1, 11):
        mixed = np.asarray((1 - step) * first + step * second, np.uint8)
        face = unit(0.9 * (1 - step), 0.9 * step, rest=510)
        shown = world.frame({1: face}, picture=mixed, seconds=0.04, verified=False)
    assert len(world.asked) > before
    assert {identity.name for identity in shown.values()} <= {None, "Bea"}


def test_a_face_that_is_half_another_one_is_not_learnt_and_sampled_again_soon() -> None:
    world = named_world(smooth(1))
    weight = world.decider._tracks[1].weight
    changed = world.frame({1: unit(0.5, 0.5)}, picture=smooth(2), seconds=0.04, verified=False)
    assert changed[1].name == "Ada"
    assert world.decider._tracks[1].weight == weight
    before = len(world.asked)
    world.frame({1: unit(0.5, 0.5)}, picture=smooth(2), seconds=0.04, verified=False)
    assert len(world.asked) == before
    shown = world.frame({1: unit(0.0, 0.9, rest=510)}, picture=smooth(2), seconds=0.04, verified=False)
    assert len(world.asked) == before + 1
    assert shown[1].name is None


def test_a_face_that_turned_is_learnt_once_it_stays_as_it_is() -> None:
    world = named_world(smooth(1))
    for _ in range(25):
        shown = world.frame({1: unit(0.5, rest=510)}, picture=smooth(2), seconds=0.04)
    assert shown[1].name == "Ada"
    assert world.decider._tracks[1].checks_due == 0
    asked = len(world.asked)
    world.frames(10, {1: unit(0.5, rest=510)}, picture=smooth(2), seconds=0.04)
    assert len(world.asked) == asked


def test_a_face_like_the_track_that_is_even_more_like_another_person_ends_it_at_once() -> None:
    """Its likeness to the track, 0.32, is enough for one face, so only the gallery tells."""
    world = named_world(smooth(1))
    other = unit(0.35, 0.9, rest=510)
    first = world.frame({1: other}, picture=smooth(2), seconds=0.04, verified=False)
    assert (first[1].status, first[1].name) == (Status.UNDECIDED, None)
    assert world.frame({1: other}, picture=smooth(2), seconds=0.04, verified=False)[1].name is None
    third = world.frame({1: other}, picture=smooth(2), seconds=0.04)
    assert {number: identity.name for number, identity in third.items()} == {101: "Bea"}
    assert (EventKind.CHANGED, "Bea") not in world.reported()


def test_one_sample_like_another_person_takes_the_name_for_no_longer_than_itself() -> None:
    world = named_world(smooth(1))
    world.frame({1: unit(0.35, 0.9, rest=510)}, picture=smooth(2), seconds=0.04, verified=False)
    assert world.frame({1: unit(0.9)}, picture=smooth(1), seconds=0.04, verified=False)[1].name == "Ada"


def test_a_face_that_is_much_less_like_the_track_is_sampled_again_in_the_next_frame() -> None:
    world = named_world(smooth(1))
    before = len(world.asked)
    for _ in range(2):
        world.frame({1: unit(0.45, rest=510)}, picture=smooth(2), seconds=0.04, verified=False)
    assert len(world.asked) == before + 2
    shown = world.frame({1: unit(0.0, 0.9, rest=509)}, picture=smooth(2), seconds=0.04)
    assert shown[1].name is None


def smooth(seed: int) -> U8:
    """A smooth random picture: no two seeds are alike."""
    noise = np.random.default_rng(seed).normal(128, 60, (11, 11)).clip(0, 255).astype(np.uint8)
    grey = np.asarray(cv2.resize(noise, (120, 120), interpolation=cv2.INTER_CUBIC), np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def test_samples_of_a_face_that_slowly_becomes_another_do_not_come_into_the_template() -> None:
    """Each is hardly less like the track than the one before; together they would be half another person."""
    evidence = Evidence(0.0, 0.0, np.zeros(4, np.float32))
    for _ in range(4):
        evidence.add(unit(1.0), 1.0, usable=True, same_from=0.3)
    for likeness in (0.93, 0.86, 0.8, 0.73, 0.66, 0.6):
        evidence.checks_due = CHECKS  # the picture of the face changes
        evidence.add(unit(likeness), 1.0, usable=True, same_from=0.3)
    assert evidence.weight == 4
    evidence.checks_due = 0
    evidence.add(unit(0.6), 1.0, usable=True, same_from=0.3)  # later: it is still itself, turned away
    assert evidence.weight == 5
