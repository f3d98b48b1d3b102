from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from recognizer.decide.decider import Decider
from recognizer.decide.evidence import Thresholds
from recognizer.decide.photo import PhotoDecider
from recognizer.decide.weights import weigh, weigh_by_norm
from recognizer.types import (
    F32,
    U8,
    Embeddings,
    Event,
    EventKind,
    FaceQuality,
    Frame,
    Identity,
    Matches,
    Status,
    Tracks,
)

THRESHOLDS = Thresholds(known=0.4, release=0.3, margin=0.1, sure=0.6)
PEOPLE = ("Ada", "Bea", "Cleo")


def unit(*parts: float, rest: int = 511) -> F32:
    """A unit vector with these similarities to Ada, Bea and Cleo; ``rest`` is the axis of what is left."""
    vector = np.zeros(512, np.float32)
    vector[: len(parts)] = parts
    vector[rest] = np.sqrt(max(0.0, 1 - float((vector**2).sum())))
    return vector


def quality(count: int, *, eyes_px: float = 60, yaw_deg: float = 0, score: float = 0.999) -> FaceQuality:
    parts = (eyes_px, 100, yaw_deg, 0, score)
    return FaceQuality(*(np.full(count, part, np.float32) for part in parts))


class World:
    """Drives a decider frame by frame; Ada, Bea and Cleo are the first three axes of the vectors' space."""

    def __init__(self, kind: type[Decider] = Decider) -> None:
        self.decider = kind(thresholds=THRESHOLDS, face_score=0.95, recheck_s=2.0)
        self.at = 0.0
        self.asked: list[float] = []
        self.events: list[Event] = []
        self.new_ids: dict[int, int] = {}
        """Of tracks that were taken over."""

    def frame(
        self,
        faces: dict[int, F32],
        *,
        score: float = 0.999,
        seconds: float = 0.1,
        alive: Sequence[int] | None = None,
        size_px: float = 100,
        sampled: FaceQuality | None = None,
        picture: U8 | None = None,
        verified: bool = True,
    ) -> dict[int, Identity]:
        self.at += seconds
        faces = {self._id(number): vector for number, vector in faces.items()}
        frame = Frame(np.zeros((8, 8, 3), np.uint8) if picture is None else picture, 0, self.at, "clip")
        ids = np.array(list(faces), np.int64)
        boxes = np.tile(np.array([0, 0, size_px, size_px], np.float32), (len(ids), 1))
        scores = np.full(len(ids), score, np.float32)
        landmarks = np.zeros((len(ids), 5, 2), np.float32)
        tracks = Tracks(ids, boxes, landmarks, scores, np.full(len(ids), -1), np.full(len(ids), verified))
        mask = self.decider.observe(frame, tracks)
        if mask.any():
            self.asked.append(self.at)
        wanted = ids[mask]
        vectors = np.stack([faces[i] for i in wanted.tolist()]) if len(wanted) else np.zeros((0, 512), np.float32)
        seen = Embeddings(vectors, np.ones(len(wanted), np.float32), "m")
        templates = self.decider.learn(self.at, wanted, seen, sampled or quality(len(wanted), score=score))
        for number in self.decider.take_takeovers():  # as the tracker does: the face goes on under a new id
            self.new_ids[number] = 100 * (len(self.new_ids) + 1) + number
            self.decider.take_over(self.at, number, self.new_ids[number])
        ordered = np.sort(templates.vectors[:, :3], axis=1)[:, ::-1]
        best = templates.vectors[:, :3].argmax(axis=1)
        matches = Matches(
            tuple(PEOPLE[i] for i in best), np.ascontiguousarray(ordered[:, 0]), np.ascontiguousarray(ordered[:, 1])
        )
        living = {self._id(number) for number in (alive if alive is not None else faces)}
        _, identities, events = self.decider.decide(frame, tracks, frozenset(living), wanted, matches)
        self.events.extend(events)
        return {identity.track_id: identity for identity in identities}

    def _id(self, number: int) -> int:
        return self.new_ids.get(number, number)

    def frames(self, count: int, faces: dict[int, F32], **how: float) -> dict[int, Identity]:
        for _ in range(count):
            last = self.frame(faces, **how)  # type: ignore[arg-type]
        return last

    def told(self) -> list[tuple[EventKind, str | None]]:
        return [(event.kind, event.name) for event in self.events]


def test_a_face_that_matches_well_is_named_once_and_told_once() -> None:
    world = World()
    last = world.frames(12, {1: unit(0.7, 0.1)})
    assert (last[1].status, last[1].name) == (Status.KNOWN, "Ada")
    assert last[1].similarity == pytest.approx(0.7)
    assert last[1].margin == pytest.approx(0.6)
    assert last[1].reasons == ("similarity 0.70 to Ada",)
    assert world.told() == [(EventKind.APPEARED, None), (EventKind.RECOGNISED, "Ada")]


def test_what_scores_like_an_object_is_never_reported() -> None:
    world = World()
    for score in (0.7, 0.97, 0.85, 0.9, 0.97, 0.8, 0.75, 0.9, 0.93, 0.9, 0.88, 0.97):
        assert world.frame({1: unit(0.7)}, score=score) == {}
    world.frame({}, alive=[])
    assert world.events == []


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
    assert world.told()[-1] == (EventKind.CHANGED, None)


def test_another_face_on_the_same_track_is_noticed_and_goes_on_under_a_new_id() -> None:
    world = World()
    world.frames(12, {1: unit(0.9)})
    last = world.frames(60, {1: unit(0.0, 0.9, rest=510)})
    assert list(last) == [101]
    assert last[101].name == "Bea"
    told = [(event.kind, event.track_id, event.name) for event in world.events]
    assert told[-3:] == [
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
    assert [kind for kind, _ in world.told()] == [EventKind.APPEARED, EventKind.RECOGNISED]


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
    assert (EventKind.CHANGED, "Bea") not in world.told()


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
    assert world.told()[-3:] == [(EventKind.LOST, "Ada"), (EventKind.APPEARED, None), (EventKind.RECOGNISED, "Bea")]


def test_an_object_in_the_place_of_a_lost_face_is_never_told() -> None:
    world = World()
    world.frames(12, {1: unit(0.9)})
    world.frame({}, alive=[1])
    assert not any(world.frame({1: unit(0.0, 0.0, rest=510)}, score=0.93) for _ in range(30))


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
    assert world.told()[-1] == (EventKind.LOST, "Ada")
    assert world.decider._tracks == {}


def test_the_end_of_the_source_loses_everybody_who_was_told() -> None:
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


def test_weights_follow_what_was_measured() -> None:
    good = float(weigh(quality(1))[0])
    assert good == pytest.approx(1)
    assert float(weigh(quality(1, eyes_px=20))[0]) < good
    assert float(weigh(quality(1, yaw_deg=50))[0]) < 0.5 * good
    assert float(weigh(quality(1, score=0.8))[0]) < 0.2 * good


def test_longer_vectors_weigh_more_where_length_is_quality() -> None:
    norms = np.array([5, 10, 20, 30, 60], np.float32)
    weights = weigh_by_norm(norms, quality(5), (10.0, 30.0))
    np.testing.assert_allclose(weights, [0.02, 0.02, 0.5, 1, 1], atol=1e-6)
    assert float(weigh_by_norm(norms[3:4], quality(1, score=0.8), (10.0, 30.0))[0]) == pytest.approx(0.1)
    assert float(weigh_by_norm(norms[3:4], quality(1, eyes_px=20), (10.0, 30.0))[0]) == 1  # length says it already


@pytest.mark.parametrize(("norm_range", "nearer"), [(None, 0.5), ((10.0, 30.0), 0.9)], ids=["edgeface", "magface"])
def test_a_template_leans_towards_the_longer_vectors_of_magface(
    norm_range: tuple[float, float] | None, nearer: float
) -> None:
    decider = Decider(thresholds=THRESHOLDS, norm_range=norm_range)
    frame = Frame(np.zeros((8, 8, 3), np.uint8), 0, 0.0, "clip")
    one = np.array([1])
    points, scores = np.zeros((1, 5, 2), np.float32), np.ones(1, np.float32)
    tracks = Tracks(one, np.zeros((1, 4), np.float32), points, scores, one, np.ones(1, bool))
    decider.observe(frame, tracks)
    for vector, norm in ((unit(0.8), 12.0), (unit(0.6, 0.6), 28.0)):
        sample = Embeddings(vector[None], np.array([norm], np.float32), "m")
        template = decider.learn(0.0, one, sample, quality(1)).vectors[0]
    total = (1 - nearer) * unit(0.8) + nearer * unit(0.6, 0.6)
    np.testing.assert_allclose(template, total / np.linalg.norm(total), atol=1e-5)
