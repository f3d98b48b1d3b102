"""Which photos stand for whom: each rule, and the cases where rules meet."""

from __future__ import annotations

import numpy as np
import pytest

from recognizer.gallery.limits import Limits, limits_at, limits_without_likeness
from recognizer.gallery.records import Finding, MeasuredFace, Measurement, Note
from recognizer.gallery.review import Candidate, Review, review
from recognizer.types import EMBEDDING_SIZE, F32, FaceQuality

GOOD: dict[str, float] = {"eyes_px": 60, "sharpness": 150, "yaw_deg": 5, "roll_deg": 0, "score": 0.999}
LIMITS = Limits()


def direction(seed: int) -> F32:
    vector = np.random.default_rng(seed).standard_normal(EMBEDDING_SIZE)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def face_of(person: int, photo: int, *, alike: float = 0.7) -> F32:
    """A unit vector whose cosine to other photos of the person is ``alike``, to others near 0."""
    vector = np.sqrt(alike) * direction(person) + np.sqrt(1 - alike) * direction(1000 * person + photo)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def photo(where: str, vector: F32, **quality: float) -> Candidate:
    person, file = where.split("/")
    face = MeasuredFace((0, 0, 1, 1), FaceQuality.of(**{**GOOD, **quality}), vector, b"")
    return Candidate(person, file, where.encode(), Measurement((), face))


def reviewed(*candidates: Candidate) -> dict[str, Review]:
    reviews = review(candidates, LIMITS)
    return {f"{c.person}/{c.file}": result for c, result in zip(candidates, reviews, strict=True)}


def findings(result: Review) -> set[Finding]:
    return {note.finding for note in result.notes}


def test_limits_of_other_networks_lie_where_edgefaces_do() -> None:
    """From the numbers of ``weights/calibration/edgeface_xs_q.json`` come its own limits, nearly."""
    found = limits_at(known=0.3848, margin=0.1255, sure=0.535)
    assert found.same_person == pytest.approx(LIMITS.same_person, abs=0.02)
    assert found.lookalike == pytest.approx(LIMITS.lookalike, abs=0.02)
    assert found.wanted_eyes_px == LIMITS.wanted_eyes_px


def test_where_likeness_was_not_measured_it_refuses_nobody() -> None:
    """An untrained network finds all faces alike, or none."""
    alike = [photo("Ada/1", face_of(1, 1, alike=0.99)), photo("Ada/2", face_of(1, 2, alike=0.99))]
    alike += [photo("Bob/1", face_of(1, 3, alike=0.99)), photo("Bob/2", face_of(2, 1)), photo("Bob/3", face_of(3, 1))]
    assert not all(result.accepted for result in review(alike, LIMITS))
    assert all(result.accepted and not result.notes for result in review(alike, limits_without_likeness()))


def test_nothing_to_review() -> None:
    assert review([], LIMITS) == []


@pytest.mark.parametrize(
    ("quality", "finding", "words"),
    [
        ({"eyes_px": 18}, Finding.TOO_SMALL, "18 px between the eyes, wanted 20"),
        ({"sharpness": 20}, Finding.BLURRED, "sharpness 20, wanted 35"),
        ({"yaw_deg": -70}, Finding.EXTREME_POSE, "turned 70 degrees sideways, wanted at most 60"),
        ({"score": 0.9}, Finding.UNSURE_FACE, "detector score 0.90, wanted 0.95"),
    ],
)
def test_a_weak_photo_counts_only_without_a_better_one(quality: dict[str, float], finding: Finding, words: str) -> None:
    weak = photo("Ada/weak", face_of(1, 1), **quality)
    alone = reviewed(weak)["Ada/weak"]
    assert alone.accepted
    assert findings(alone) == {finding}
    assert words in alone.notes[0].text
    beside_good = reviewed(weak, photo("Ada/good", face_of(1, 2)))
    assert not beside_good["Ada/weak"].accepted
    assert words in beside_good["Ada/weak"].notes[0].text
    assert beside_good["Ada/good"] == Review(True, ())


@pytest.mark.parametrize("quality", [{"eyes_px": 7}, {"sharpness": 2}, {"yaw_deg": 85}, {"score": 0.75}])
def test_an_unusable_photo_never_counts(quality: dict[str, float]) -> None:
    assert not reviewed(photo("Ada/1", face_of(1, 1), **quality))["Ada/1"].accepted


def test_without_a_face_the_measurement_says_why() -> None:
    note = Note(Finding.NO_FACE, "no face found in 10 x 10 px")
    assert review([Candidate("Ada", "1", b"1", Measurement((note,)))], LIMITS) == [Review(False, (note,))]


def test_a_stranger_among_three_photos_is_unlike_them() -> None:
    reviews = reviewed(*(photo(f"Ada/{n}", face_of(1, n)) for n in range(3)), photo("Ada/x", face_of(2, 0)))
    assert [result.accepted for result in reviews.values()] == [True, True, True, False]
    assert findings(reviews["Ada/x"]) == {Finding.UNLIKE_OTHERS}


def test_two_photos_that_disagree_are_kept_with_a_warning() -> None:
    reviews = reviewed(photo("Ada/1", face_of(1, 1)), photo("Ada/2", face_of(2, 1)))
    assert all(result.accepted and findings(result) == {Finding.UNLIKE_OTHERS} for result in reviews.values())


def test_of_two_photos_that_disagree_the_one_that_is_someone_elses_goes() -> None:
    reviews = reviewed(
        photo("Ada/1", face_of(1, 1)),
        photo("Ada/2", face_of(2, 1)),
        *(photo(f"Bob/{n}", face_of(2, n)) for n in (2, 3)),
    )
    assert [result.accepted for result in reviews.values()] == [True, False, True, True]
    assert Finding.LIKE_SOMEONE_ELSE in findings(reviews["Ada/2"])


def test_someones_only_photo_does_not_suffer_from_a_copy_in_a_wrong_folder() -> None:
    reviews = reviewed(
        photo("Ada/1", face_of(1, 1)),
        *(photo(f"Bob/{n}", face_of(2, n)) for n in range(3)),
        photo("Bob/x", face_of(1, 9)),
    )
    assert reviews["Ada/1"] == Review(True, ())
    assert not reviews["Bob/x"].accepted
    assert findings(reviews["Bob/x"]) == {Finding.UNLIKE_OTHERS, Finding.LIKE_SOMEONE_ELSE}
    assert "Ada (1)" in reviews["Bob/x"].notes[-1].text


def test_one_person_under_two_names_is_reported_and_kept() -> None:
    reviews = reviewed(photo("Ada/1", face_of(1, 1)), photo("Lovelace/1", face_of(1, 2)))
    assert all(result.accepted and findings(result) == {Finding.LIKE_SOMEONE_ELSE} for result in reviews.values())


def test_one_picture_under_two_names_stands_for_neither() -> None:
    vector = face_of(1, 1)
    reviews = reviewed(photo("Ada/1", vector), photo("Bob/1", vector))
    assert not any(result.accepted for result in reviews.values())
    assert "the same picture stands under Bob (1)" in reviews["Ada/1"].notes[0].text
    assert "the same picture stands under Ada (1)" in reviews["Bob/1"].notes[0].text


def test_one_picture_under_two_names_stands_for_the_one_it_fits() -> None:
    vector = face_of(1, 1)
    reviews = reviewed(photo("Bob/1", vector), photo("Ada/1", vector), photo("Ada/2", face_of(1, 2)))
    assert [result.accepted for result in reviews.values()] == [False, True, True]


def test_of_the_same_picture_the_larger_is_kept() -> None:
    vector = face_of(1, 1)
    reviews = reviewed(
        photo("Ada/small", vector, eyes_px=30), photo("Ada/large", vector), photo("Ada/other", face_of(1, 2))
    )
    assert [result.accepted for result in reviews.values()] == [False, True, True]
    assert findings(reviews["Ada/small"]) == {Finding.SAME_PICTURE}
    assert "large" in reviews["Ada/small"].notes[0].text


def test_copies_of_a_wrong_photo_do_not_outvote_the_right_ones() -> None:
    wrong = face_of(2, 1)
    reviews = reviewed(
        *(photo(f"Ada/{n}", face_of(1, n)) for n in range(2)), *(photo(f"Ada/copy{n}", wrong) for n in range(5))
    )
    assert [name for name, result in reviews.items() if result.accepted] == ["Ada/0", "Ada/1"]


def test_without_a_majority_nobody_is_refused() -> None:
    reviews = reviewed(*(photo(f"Ada/{n}", face_of(1 + n // 2, n)) for n in range(4)))
    assert all(result.accepted for result in reviews.values())


def test_the_order_of_photos_does_not_matter() -> None:
    photos = [photo(f"P{n // 4}/{n % 4}", face_of(n // 4 if n % 5 else 7, n)) for n in range(24)]
    forwards, backwards = reviewed(*photos), reviewed(*reversed(photos))
    assert {k: v.accepted for k, v in forwards.items()} == {k: v.accepted for k, v in backwards.items()}


def test_more_photos_than_one_block() -> None:
    reviews = reviewed(*(photo(f"P{n // 3:03}/{n % 3}", face_of(n // 3, n)) for n in range(600)))
    assert all(result == Review(True, ()) for result in reviews.values())
