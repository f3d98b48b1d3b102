"""Turned heads lie where geometry says, and ways of cutting are counted right."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from recognizer.align import pose
from recognizer.errors import InputError
from recognizer.evaluation.cuts import WAYS, Way
from recognizer.evaluation.enrolments import ENROLMENTS, Enrolment
from recognizer.evaluation.faces import EmbeddedPictures, Picture
from recognizer.evaluation.hard_faces import HardSet, hard_sets, measure_ways, score_ways
from recognizer.evaluation.turning import turn_head
from recognizer.geometry import ARCFACE_TEMPLATE
from recognizer.protocols import Detector, Embedder
from recognizer.types import CROP_SIZE_PX, F32, FaceDetections, FaceQuality
from tests.fakes import PaintedFaceDetector, PaintedFaceEmbedder, face_picture, painted_vector


@pytest.fixture(scope="module")
def photo() -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """Squares of different shades, so that a shift is seen."""
    shades = np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)
    return np.kron(shades, np.ones((8, 8, 1), np.uint8))


LANDMARKS = ARCFACE_TEMPLATE + np.float32(72)


@pytest.mark.parametrize("yaw_deg", [-60.0, -30.0, 30.0, 60.0])
def test_a_turned_head_has_the_yaw_it_was_turned_by(photo: np.ndarray, yaw_deg: float) -> None:
    """By the nose, as ``align.pose`` measures it; the template's own nose is 0.2 degrees off the middle."""
    turned = turn_head(photo, LANDMARKS, yaw_deg)
    assert pose(turned.landmarks[None])[1][0] == pytest.approx(yaw_deg, abs=8)
    eyes = turned.landmarks[1, 0] - turned.landmarks[0, 0]
    assert eyes == pytest.approx(np.cos(np.radians(yaw_deg)) * (LANDMARKS[1, 0] - LANDMARKS[0, 0]), rel=0.02)


def test_a_head_that_is_not_turned_looks_as_before(photo: np.ndarray) -> None:
    turned = turn_head(photo, LANDMARKS, 0)
    shift = turned.landmarks[2] - LANDMARKS[2]
    x, y = np.rint(turned.landmarks[2]).astype(int)
    before = photo[round(y - shift[1]) - 20 :, round(x - shift[0]) - 20 :][:40, :40]
    after = turned.image[y - 20 : y + 20, x - 20 : x + 20]
    assert np.abs(before.astype(int) - after).mean() < np.abs(photo[:40, :40].astype(int) - after).mean() / 2


def test_turning_to_the_other_side_mirrors(photo: np.ndarray) -> None:
    mirrored = LANDMARKS[[1, 0, 2, 4, 3]] * [-1, 1] + [photo.shape[1] - 1, 0]
    left = turn_head(photo, LANDMARKS, -40)
    right = turn_head(np.ascontiguousarray(photo[:, ::-1]), mirrored.astype(np.float32), 40)
    side = left.image.shape[1]
    assert right.landmarks[2, 0] == pytest.approx(side - left.landmarks[2, 0], abs=1.5)
    assert np.abs(left.image[:, ::-1].astype(int) - right.image).mean() < 12


def test_each_way_cuts_the_face_of_the_detector(photo: np.ndarray) -> None:
    """A square that a perfect detector finds has the person's colour in the middle of every crop."""
    image = face_picture((3, 2))
    detector = PaintedFaceDetector()
    face = detector.detect([image])[0]
    for way in WAYS:
        crops = way.cut(image, face, detector)
        assert crops.shape[1:] == (CROP_SIZE_PX, CROP_SIZE_PX, 3)
        if way.name != "O-Net and mirror image":  # the fake's landmarks have no sides
            assert (np.abs(crops[:, 56, 56].astype(int) - (40, 200, 60)) <= 1).all(), way.name


def painted(person: int, variation: int) -> Picture:
    name = f"{person} {variation}"
    return Picture(name, name, lambda: face_picture((person, variation)))


def test_a_way_that_cuts_beside_the_face_loses_probes() -> None:
    def beside(image: np.ndarray, *_: object) -> np.ndarray:
        return np.full((1, CROP_SIZE_PX, CROP_SIZE_PX, 3), 20 * 7, np.uint8)

    people = range(4)
    wanted = HardSet("painted", [painted(p, 0) for p in people], [painted(p, 1) for p in people])
    ways = [WAYS[0], Way("beside", beside)]
    scores = measure_ways(
        wanted, ways, ENROLMENTS[:1], detector=PaintedFaceDetector(), embedder=PaintedFaceEmbedder(), threshold=0.5
    )
    assert [(score.way, score.found, score.named, score.wrong) for score in scores] == [
        ("as found", 4, 4, 0),
        ("beside", 4, 0, 0),
    ]
    assert (scores[1].gained, scores[1].lost) == (0, 4)


def test_enrolments_are_compared_by_the_nearest_of_their_vectors() -> None:
    """The second one knows how the next person in the row looks, too: every probe gets two names."""

    def two(image: np.ndarray, face: FaceDetections, detector: Detector, embedder: Embedder) -> F32:
        person = int(image[int(face.boxes[0, 1]) + 5, int(face.boxes[0, 0]) + 5, 0]) // 20
        return np.stack([painted_vector(person, 0), painted_vector((person + 1) % 4, 0)])

    people = range(4)
    wanted = HardSet("painted", [painted(p, 0) for p in people], [painted(p, 1) for p in people])
    enrolments = [ENROLMENTS[0], Enrolment("two", two)]
    scores = measure_ways(
        wanted, WAYS[:1], enrolments, detector=PaintedFaceDetector(), embedder=PaintedFaceEmbedder(), threshold=0.5
    )
    assert [(score.way, score.named, score.wrong) for score in scores] == [("as found", 4, 0), ("enrolled: two", 4, 4)]


@pytest.mark.parametrize("enrolment", ENROLMENTS, ids=lambda enrolment: enrolment.name)
def test_each_enrolment_gives_unit_vectors_of_the_face(enrolment: Enrolment) -> None:
    image = face_picture((3, 2))
    detector = PaintedFaceDetector()
    vectors = enrolment.vectors(image, detector.detect([image])[0], detector, PaintedFaceEmbedder())
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert float(vectors[0] @ painted_vector(3, 2)) > 0.7


def test_rates_count_the_pairs_above_their_own_limit() -> None:
    """Ten people: 90 wrong pairs, of which an FMR of 1e-3 and less allows none."""
    cosines = np.full((2, 10, 10), 0.1, np.float32)
    for person in range(10):
        cosines[0, person, person] = 0.6
        cosines[1, person, person] = 0.3 if person < 4 else 0.6
    cosines[:, 0, 1] = 0.4
    first, second = score_ways("set", ["one", "two"], cosines, np.ones(10, bool), threshold=0.5)
    assert (first.named, first.wrong, dict(first.named_at)) == (10, 0, {1e-4: 10, 1e-3: 10})
    assert (second.named, dict(second.named_at), second.gained, second.lost) == (6, {1e-4: 6, 1e-3: 6}, 0, 4)


def yaws(*degrees: float) -> EmbeddedPictures:
    blank: F32 = np.zeros((len(degrees), 4), np.float32)
    parts = np.zeros(len(degrees), np.float32)
    quality = FaceQuality(parts, parts, np.array(degrees, np.float32), parts, parts)
    return EmbeddedPictures(blank, blank, np.array([degree < 90 for degree in degrees]), quality)


def test_sets_pair_frontal_photos_with_frontal_and_with_turned_ones() -> None:
    owners = np.array([0, 0, 0, 1, 1, 1, 2, 2], np.int64)
    pictures = [painted(int(owner), variation) for variation, owner in enumerate(owners)]
    faces = yaws(3, -40, 5, 2, 1, 99, 30, 40)  # person 2 is never frontal, a face of person 1 was not found
    made = hard_sets(pictures, owners, faces, people=10, angles_deg=[45], eyes_px=[16, 20])
    assert [one.name for one in made] == [
        "as they are",
        "turned by 45 degrees",
        "16 px between the eyes",
        "20 px between the eyes",
    ]
    pairs = {(one.name, other.name) for one, other in zip(made[0].enrolled, made[0].probes, strict=True)}
    assert pairs == {("0 0", "0 2"), ("1 3", "1 4")}
    more = hard_sets(
        [*pictures, *pictures],
        np.concatenate([owners, owners + 3]),
        yaws(3, -40, 5, 2, 1, 99, 30, 40, 3, -40, 5, 2, 1, 99, 30, 40),
        people=10,
        angles_deg=[],
        eyes_px=[],
    )
    assert {(one.name, other.name) for one, other in zip(more[1].enrolled, more[1].probes, strict=True)} == {
        ("0 0", "0 1")
    }


def test_without_two_frontal_photos_of_two_people_nothing_is_measured() -> None:
    with pytest.raises(InputError, match="two frontal photos"):
        hard_sets(
            [painted(0, 0), painted(0, 1)], np.zeros(2, np.int64), yaws(0, 70), people=3, angles_deg=[], eyes_px=[]
        )


def test_a_face_made_smaller_has_the_wanted_distance_between_the_eyes() -> None:
    owners = np.array([0, 0, 1, 1], np.int64)
    pictures = [painted(int(owner), variation) for variation, owner in enumerate(owners)]
    small = hard_sets(pictures, owners, yaws(0, 0, 0, 0), people=2, angles_deg=[], eyes_px=[12])[1]
    harder: Callable[..., np.ndarray] = small.harder
    image = harder(pictures[0].read(), PaintedFaceDetector().detect([pictures[0].read()])[0].landmarks[0])
    found = PaintedFaceDetector().detect([image])[0]
    assert pose(found.landmarks)[0][0] == pytest.approx(12, abs=1.5)
