"""When a track is reported, and what it is called."""

from __future__ import annotations

import numpy as np
import pytest

from recognizer.decide.photo import PhotoDecider
from recognizer.types import F32, Embeddings, EventKind, Frame, Matches, Status, Tracks
from tests.decide.decide_helpers import THRESHOLDS, World, quality, unit


def test_a_face_that_matches_well_is_named_once_and_reported_once() -> None:
    world = World()
    last = world.frames(12, {1: unit(0.7, 0.1)})
    assert (last[1].status, last[1].name) == (Status.KNOWN, "Ada")
    assert last[1].similarity == pytest.approx(0.7)
    assert last[1].margin == pytest.approx(0.6)
    assert last[1].reasons == ("similarity 0.70 to Ada",)
    assert world.reported() == [(EventKind.APPEARED, None), (EventKind.RECOGNISED, "Ada")]


def test_what_scores_like_an_object_is_never_reported() -> None:
    world = World()
    for score in (0.7, 0.97, 0.85, 0.9, 0.97, 0.8, 0.75, 0.9, 0.93, 0.9, 0.88, 0.97):
        assert world.frame({1: unit(0.7)}, score=score) == {}
    world.frame({}, alive=[])
    assert world.events == []


def test_two_clear_frames_prove_a_face() -> None:
    world = World()
    assert world.frame({1: unit(0.7)}, score=0.999) == {}
    assert world.frame({1: unit(0.7)}, score=0.999)[1].first_at == pytest.approx(0.1)
    world = World()
    assert world.frames(3, {1: unit(0.7)}, score=0.995) == {}
    assert world.frame({1: unit(0.7)}, score=0.995) != {}


def test_two_clear_frames_prove_a_face_later_too() -> None:
    world = World()
    assert world.frames(3, {1: unit(0.7)}, score=0.8) == {}
    assert world.frame({1: unit(0.7)}, score=0.999) == {}
    assert world.frame({1: unit(0.7)}, score=0.999) != {}


def test_a_face_that_takes_time_to_turn_is_reported_when_it_has() -> None:
    world = World()
    assert world.frames(5, {1: unit(0.7)}, score=0.9) == {}
    assert world.frames(6, {1: unit(0.7)}, score=0.96) == {}
    assert world.frames(1, {1: unit(0.7)}, score=0.99)[1].name == "Ada"


def test_who_was_unknown_before_it_was_clearly_a_face_is_sampled_again_when_it_is_one() -> None:
    world = World()
    for _ in range(4):
        world.frame({1: unit(0.2)}, score=0.92)
    while not (shown := world.frame({1: unit(0.99)}, score=0.97)):
        pass
    assert world.asked[-1] == pytest.approx(world.at)
    assert shown[1].name == "Ada"


@pytest.mark.parametrize(
    ("vector", "status", "reason"),
    [
        (unit(0.1, 0.05), Status.UNKNOWN, "similarity 0.10 to Ada, wanted 0.40"),
        (unit(0.35, 0.0), Status.UNDECIDED, "similarity 0.35 to Ada, wanted 0.40"),
        (unit(0.5, 0.45), Status.UNDECIDED, "margin 0.05 to the next person, wanted 0.10"),
    ],
)
def test_without_similarity_or_lead_there_is_no_name(vector: F32, status: Status, reason: str) -> None:
    identity = World().frames(12, {1: vector})[1]
    assert (identity.status, identity.name) == (status, None)
    assert reason in identity.reasons


def test_poor_samples_are_not_enough_for_a_name_or_for_unknown() -> None:
    world = World()
    for _ in range(6):
        last = world.frame({1: unit(0.45)}, sampled=quality(1, eyes_px=12, yaw_deg=70), seconds=0.05)
    assert last[1].status is Status.UNDECIDED
    assert "12 px between the eyes, wanted 22" in last[1].reasons
    assert "head turned 70 degrees, wanted at most 45" in last[1].reasons
    assert last[1].reasons[-1] == "evidence 0.09 of 0.50 (3 samples)"


def test_one_good_sample_is_not_enough_for_a_name_and_says_so() -> None:
    world = World()
    for _ in range(4):
        last = world.frame({1: unit(0.5)}, seconds=0.01)  # reported, and the second sample is not due yet
    assert last[1].status is Status.UNDECIDED
    assert last[1].reasons[-1] == "1 sample so far, wanted 2"


def test_a_name_is_kept_between_the_two_thresholds_and_withdrawn_below() -> None:
    world = World()
    world.frames(12, {1: unit(0.42)})
    evidence = world.decider._tracks[1]
    evidence.vector_sum = unit(0.33).astype(float) * 100  # the template drifts
    assert world.frames(25, {1: unit(0.33)})[1].name == "Ada"
    evidence.vector_sum = unit(0.2).astype(float) * 1000
    assert world.frames(25, {1: unit(0.2)})[1].name is None
    assert world.reported()[-1] == (EventKind.CHANGED, None)


def test_a_face_that_turned_away_is_not_shown_until_it_is_back() -> None:
    world = World()
    world.frames(12, {1: unit(0.7)})
    assert world.frames(5, {1: unit(0.7)}, score=0.3) == {}
    assert world.frame({1: unit(0.7)})[1].name == "Ada"


def test_two_faces_in_one_picture_are_not_one_person() -> None:
    world = World()
    last = world.frames(12, {1: unit(0.5), 2: unit(0.55)})
    assert (last[2].name, last[1].name) == ("Ada", None)
    assert "track 2 in the same picture is nearer to Ada" in last[1].reasons


def test_unless_both_are_overwhelmingly_alike() -> None:
    last = World().frames(12, {1: unit(0.8), 2: unit(0.9)})
    assert [last[1].name, last[2].name] == ["Ada", "Ada"]


def test_a_settled_face_is_sampled_rarely_and_an_undecided_one_often() -> None:
    settled, undecided = World(), World()
    settled.frames(100, {1: unit(0.7)})
    undecided.frames(100, {1: unit(0.35)})
    assert len(settled.asked) <= 8
    assert 25 <= len(undecided.asked) <= 36


def test_a_settled_face_that_comes_nearer_is_sampled_again() -> None:
    world = World()
    world.frames(12, {1: unit(0.7)})
    before = len(world.asked)
    world.frame({1: unit(0.7)}, size_px=150, seconds=0.04)
    assert len(world.asked) == before + 1


def test_a_hidden_face_is_not_lost_until_it_is_given_up() -> None:
    world = World()
    world.frames(12, {1: unit(0.7)})
    world.frame({}, alive=[1])
    assert EventKind.LOST not in [event.kind for event in world.events]
    world.frame({}, alive=[])
    assert world.reported()[-1] == (EventKind.LOST, "Ada")
    assert world.decider._tracks == {}


def test_the_end_of_the_source_loses_everybody_who_was_reported() -> None:
    world = World()
    world.frames(12, {1: unit(0.7)})
    world.frame({1: unit(0.7), 2: unit(0.7)})
    assert [(event.kind, event.track_id) for event in world.decider.end(9.0, "clip")] == [(EventKind.LOST, 1)]


def test_a_photo_must_do_with_one_sample() -> None:
    world = World(PhotoDecider)
    assert world.frame({1: unit(0.5)})[1].name == "Ada"
    assert world.frame({2: unit(0.1)}, alive=[2])[2].status is Status.UNKNOWN


def test_nobody_enrolled_is_said() -> None:
    decider = PhotoDecider(thresholds=THRESHOLDS)
    frame = Frame(np.zeros((8, 8, 3), np.uint8), 0, 0.0, "clip")
    ids = np.array([1])
    tracks = Tracks(
        ids,
        np.array([[0, 0, 9, 9]], np.float32),
        np.zeros((1, 5, 2), np.float32),
        np.array([0.999], np.float32),
        ids - 2,
        np.array([True]),
    )
    decider.observe(frame, tracks)
    decider.learn(0.0, ids, Embeddings(unit(1.0)[None], np.ones(1, np.float32), "m"), quality(1))
    none = Matches((None,), np.array([-1], np.float32), np.array([-1], np.float32))
    _, identities, _ = decider.decide(frame, tracks, frozenset({1}), ids, none)
    assert (identities[0].status, identities[0].reasons) == (Status.UNKNOWN, ("nobody is enrolled",))
