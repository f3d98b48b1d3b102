from __future__ import annotations

import numpy as np
import pytest

from recognizer.track.track import TENTATIVE, VERIFY_S
from recognizer.track.tracker import Tracker
from tests.track.tracker_helpers import NOBODY, detected, expected, faces, follow, seen_again, started


def test_each_detection_starts_a_track_and_keeps_its_number() -> None:
    tracker, tracks = started((0, 0, 50), (200, 0, 60))
    assert tracks.ids.tolist() == [1, 2]
    assert tracks.detection_index.tolist() == [0, 1]
    swapped = detected(tracker, 0.04, faces((203, 2, 60), (1, 1, 50)))
    assert swapped.ids.tolist() == [1, 2]
    assert swapped.detection_index.tolist() == [1, 0]


def test_following_takes_the_refined_box_and_learns_the_speed() -> None:
    tracker, _ = started((0, 0, 50))
    for step in range(1, 6):
        tracks = follow(tracker, step * 0.04, faces((step * 10, 0, 50), score=0.98))
    assert tracks.boxes[0, 0] == 50
    assert tracks.detection_index.tolist() == [-1]
    assert expected(tracker, 0.24)[0, 0] == pytest.approx(60, abs=1)


def test_crossing_faces_keep_their_numbers() -> None:
    """The assignment is of all pairs at once: the nearest first would swap these two."""
    tracker, _ = started((0, 0, 100), (90, 0, 100))
    tracks = detected(tracker, 0.04, faces((45, 0, 100), (100, 0, 100)))
    assert dict(zip(tracks.ids.tolist(), tracks.boxes[:, 0].tolist(), strict=True)) == {1: 45, 2: 100}


def test_a_short_occlusion_keeps_the_number_and_a_long_one_does_not() -> None:
    tracker, _ = started((100, 100, 50))
    assert len(follow(tracker, 0.04, seen_again(tracker, 0.04, score=0.01))) == 0
    assert tracker.lost_now
    assert tracker.alive == {1}
    assert detected(tracker, 1.0, faces((130, 100, 50))).ids.tolist() == [1]
    follow(tracker, 1.04, seen_again(tracker, 1.04, score=0.01))
    assert detected(tracker, 3.0, faces((130, 100, 50))).ids.tolist() == [2]


@pytest.mark.parametrize("elsewhere", [(300, 100, 50), (100, 100, 150)])  # too far; three times the size
def test_a_lost_number_is_not_given_to_another_face(elsewhere: tuple[float, float, float]) -> None:
    tracker, _ = started((100, 100, 50))
    follow(tracker, 0.04, seen_again(tracker, 0.04, score=0.01))
    assert detected(tracker, 0.5, faces(elsewhere)).ids.tolist() == [2]


def test_what_is_hardly_a_face_is_no_lost_one_found_again() -> None:
    for score, number in ((0.9, 2), (0.97, 1)):
        tracker, _ = started((100, 100, 50))
        follow(tracker, 0.1, seen_again(tracker, 0.1, score=0.0))
        assert detected(tracker, 0.5, faces((130, 100, 50), score=score)).ids.tolist() == [number]


def test_a_cut_ends_every_track_even_where_a_face_is_in_the_same_place() -> None:
    tracker, _ = started((100, 100, 50))
    tracker.cut()
    assert tracker.alive == frozenset()
    assert detected(tracker, 0.04, faces((100, 100, 50))).ids.tolist() == [2]


def test_a_face_the_detector_misses_is_still_followed() -> None:
    tracker, _ = started((0, 0, 50), (200, 0, 60))
    tracks = detected(tracker, 0.04, faces((0, 0, 50)))
    assert tracks.ids.tolist() == [1, 2]
    assert tracks.detection_index.tolist() == [0, -1]


def test_a_weak_face_is_followed_and_triggers_a_detection_when_it_was_a_good_one() -> None:
    tracker, _ = started((0, 0, 50))
    assert follow(tracker, 0.04, seen_again(tracker, 0.04, score=0.3)).ids.tolist() == [1]
    assert tracker.lost_now
    follow(tracker, 0.08, seen_again(tracker, 0.08, score=0.3))
    assert not tracker.lost_now  # once is enough
    flower = Tracker()
    detected(flower, 0.0, faces((0, 0, 50), score=0.72))
    follow(flower, 0.04, seen_again(flower, 0.04, score=0.01))
    assert not flower.lost_now


def test_a_box_that_jumps_is_not_believed() -> None:
    tracker, _ = started((0, 0, 50))
    assert len(follow(tracker, 0.04, faces((400, 0, 50)))) == 0


def test_a_weak_face_does_not_wander_off() -> None:
    """O-Net on its own weak answers drifts; what it says is believed only near the last good place."""
    tracker, _ = started((0, 0, 100))
    for step in range(1, 8):
        tracks = follow(tracker, step * 0.04, faces((step * 25, 0, 100), score=0.4))
    assert len(tracks) == 0
    assert tracker.alive == {1}


def test_two_tracks_on_one_face_become_the_older_one() -> None:
    tracker, _ = started((0, 0, 50), (60, 0, 50))
    assert follow(tracker, 0.04, faces((30, 0, 50), (32, 0, 50))).ids.tolist() == [1]


def test_two_trackers_do_not_share_numbers() -> None:
    one, _ = started((0, 0, 50))
    other, tracks = started((0, 0, 50))
    assert tracks.ids.tolist() == [1]
    one.cut()
    assert other.alive == {1}


def test_nobody_is_a_result_too() -> None:
    tracker = Tracker()
    assert len(follow(tracker, 0.0, NOBODY)) == 0
    assert expected(tracker, 1.0).shape == (0, 4)
    assert len(detected(tracker, 0.04, NOBODY)) == 0
    assert not tracker.lost_now


def test_many_numbers_are_never_used_twice() -> None:
    tracker = Tracker(keep_lost_s=0)
    given: set[int] = set()
    for step in range(50):
        tracks = detected(tracker, step * 1.0, faces(((step % 2) * 500, 0, 50)), score=0)
        assert not given & set(tracks.ids.tolist())
        given |= set(tracks.ids.tolist())
    assert len(given) == 50


def walk(tracker: Tracker, *, frames: int, step_px: float, score: float = 0.98) -> list[bool]:
    """Follow a face of side 50 at 25 frames a second; whether it was refined, frame by frame."""
    seen = []
    for number in range(1, frames + 1):
        at = number * 0.04
        due = len(expected(tracker, at)) > 0
        tracks = follow(tracker, at, faces((number * step_px, 0, 50), score=score) if due else NOBODY)
        assert tracks.boxes[0, 0] == pytest.approx(number * step_px, abs=1)
        assert not (tracks.verified[0] and not due)
        seen.append(due)
    return seen


def test_a_face_that_goes_as_expected_coasts_between_refinements() -> None:
    tracker, _ = started((0, 0, 50))
    seen = walk(tracker, frames=30, step_px=2)
    assert all(seen[:7])
    assert sum(seen[-9:]) == 3  # every third


def test_a_tentative_face_is_verified_in_every_frame_then_a_few_times_a_second() -> None:
    tracker, _ = started((0, 0, 50))
    verified = []
    for number in range(1, 60):
        at = number * 0.04
        wanted = tracker.predict(at)[1]
        tracks = follow(tracker, at, faces(*[(0, 0, 50)] * len(expected(tracker, at)), score=0.98))
        assert tracks.verified.tolist() == ([True] if wanted.any() else [False])
        verified.append(bool(tracks.verified[0]))
    assert all(verified[: TENTATIVE - 1])
    gaps = np.diff(np.flatnonzero(verified[TENTATIVE - 1 :])) * 0.04
    assert ((gaps > VERIFY_S - 0.01) & (gaps < VERIFY_S + 0.17)).all()


def test_a_score_that_nobody_verified_lowers_a_tracks_score_never_raises_it_and_has_it_verified() -> None:
    tracker, _ = started((0, 0, 50))
    walk(tracker, frames=TENTATIVE, step_px=0, score=0.95)
    at = (TENTATIVE + 1) * 0.04
    while tracker.predict(at)[1].any() or not len(expected(tracker, at)):
        at += 0.04
    assert follow(tracker, at, faces((0, 0, 50), score=0.99)).scores[0] == pytest.approx(0.95)
    at = _next_refinement(tracker, at + 0.04)
    assert follow(tracker, at, faces((0, 0, 50), score=0.6)).scores[0] == pytest.approx(0.6)
    at = _next_refinement(tracker, at + 0.1)
    assert tracker.predict(at)[1].tolist() == [True]
    assert follow(tracker, at, faces((0, 0, 50), score=0.97)).scores[0] == pytest.approx(0.97)


def _next_refinement(tracker: Tracker, at: float) -> float:
    while not len(expected(tracker, at)):
        at += 0.04
    return at


def test_a_weak_face_does_not_rest() -> None:
    tracker, _ = started((0, 0, 50))
    seen = walk(tracker, frames=20, step_px=2, score=0.8)
    assert all(seen[:7])
    assert seen[-8:] == [True, False] * 4  # with the others, in every second frame


def test_a_face_that_is_clearly_one_is_tentative_for_less_long() -> None:
    tracker, _ = started((0, 0, 50))
    seen = walk(tracker, frames=6, step_px=2, score=0.999)
    assert seen == [True, True, True, False, True, False]


def test_one_that_began_in_doubt_is_tentative_for_longer() -> None:
    tracker = Tracker()
    detected(tracker, 0, faces((0, 0, 50), score=0.91))
    assert walk(tracker, frames=TENTATIVE - 1, step_px=2, score=0.999) == [True] * (TENTATIVE - 1)


def test_what_was_hardly_a_face_is_verified_in_every_frame_again_when_it_is_one() -> None:
    tracker, _ = started((0, 0, 50))
    walk(tracker, frames=30, step_px=0, score=0.6)
    at = 31 * 0.04
    while not tracker.predict(at)[1].any():
        at += 0.04
    verified = []
    for number in range(TENTATIVE):
        verified += tracker.predict(at + number * 0.04)[1].tolist()
        follow(tracker, at + number * 0.04, faces((0, 0, 50), score=0.98))
    assert verified == [True] * TENTATIVE


def test_faces_are_refined_in_the_same_frames() -> None:
    tracker = Tracker()
    detected(tracker, 0, faces((0, 0, 50)))
    walk(tracker, frames=9, step_px=6, score=0.8)
    detected(tracker, 0.40, faces((60, 0, 50), (300, 0, 50)))
    counts = []
    for number in range(11, 31):
        at = number * 0.04
        counts.append(len(expected(tracker, at)))
        follow(tracker, at, seen_again(tracker, at, score=0.85))
    assert set(counts[-8:]) == {0, 2}


def test_a_coasting_face_that_jumps_is_refined_in_every_frame_again() -> None:
    tracker, _ = started((0, 0, 50))
    walk(tracker, frames=30, step_px=0)
    follow(tracker, 1.32, faces((15, 0, 50)))
    assert len(expected(tracker, 1.36)) == 1


def test_after_a_detection_only_faces_that_were_not_found_are_due() -> None:
    tracker, _ = started((0, 0, 50), (200, 0, 60))
    tracker.update(0.04, faces((0, 0, 50)))
    assert expected(tracker, 0.04)[:, 0].tolist() == [200]
    tracker, _ = started((0, 0, 50))
    rested = walk(tracker, frames=30, step_px=0)
    just_after = (30 - rested[::-1].index(True)) * 0.04 + 0.02
    assert len(expected(tracker, just_after)) == 0
    tracker.update(just_after, NOBODY)
    assert len(expected(tracker, just_after)) == 1


def test_a_track_in_question_is_verified_in_the_next_frame() -> None:
    tracker, _ = started((0, 0, 50))
    at = 0.0
    while len(boxes := tracker.predict(at := at + 0.04)[0]) and (tracker.predict(at)[1].all()):  # until it is not due
        follow(tracker, at, seen_again(tracker, at))
    follow(tracker, at, seen_again(tracker, at))
    assert len(boxes) == 0 or not tracker.predict(at)[1].any()
    tracker.question([1])
    assert tracker.predict(at + 0.01)[1].tolist() == [True]


def test_a_split_track_goes_on_in_its_place_under_a_new_id() -> None:
    tracker, _ = started((0, 0, 50), (200, 0, 60))
    assert tracker.split(1) == 3
    assert tracker.alive == {2, 3}
    tracks = follow(tracker, 0.04, seen_again(tracker, 0.04))
    assert tracks.ids.tolist() == [3, 2]
    with pytest.raises(KeyError):
        tracker.split(1)
