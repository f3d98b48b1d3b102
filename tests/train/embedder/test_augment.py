"""What each kind of view does to a face."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from recognizer.train.embedder import augment
from recognizer.types import F32, U8
from tests.train import factories

SEEDS = range(12)


def dots(places: list[tuple[int, int]]) -> U8:
    picture = np.zeros((112, 112, 3), np.uint8)
    for place in places:
        cv2.circle(picture, place, 2, (255, 255, 255), -1)
    return picture


def places_of(picture: U8) -> F32:
    """Centres of the dots, from left to right."""
    _, _, _, centres = cv2.connectedComponentsWithStats((picture[..., 0] > 100).astype(np.uint8))
    return np.asarray(sorted(centres[1:].tolist()), np.float32)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_profile_is_nearer_on_one_side_and_stays_aligned(seed: int) -> None:
    turned = augment._profile(dots([(36, 60), (56, 60), (76, 60)]), np.random.default_rng(seed))
    left, nose, right = places_of(turned)
    one, other = nose[0] - left[0], right[0] - nose[0]
    assert max(one, other) > 1.1 * min(one, other)
    assert np.allclose([left[1], nose[1], right[1]], 60, atol=6)
    assert abs(left[0] + right[0] - 112) < 16


def test_profiles_turn_to_both_sides() -> None:
    found = [places_of(augment._profile(dots([(36, 60), (56, 60), (76, 60)]), np.random.default_rng(s))) for s in SEEDS]
    assert {bool(2 * nose[0] > left[0] + right[0]) for left, nose, right in found} == {True, False}


@pytest.mark.parametrize("seed", SEEDS)
def test_beyond_the_edge_is_black_or_grey_and_the_rest_stays(seed: int) -> None:
    crop = np.full((112, 112, 3), 77, np.uint8)
    out = augment._edge(crop, np.random.default_rng(seed))
    outside = (out != 77).all(axis=2)
    assert 0.01 < outside.mean() < 0.75
    assert set(np.unique(out[outside])) in ({0}, {128})
    assert not outside[56, 56]
    assert (crop == 77).all()


@pytest.mark.parametrize("damage", [augment._small, augment._blur])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_face_that_was_small_or_blurred_has_lost_detail_but_no_light(damage: augment.Damage, seed: int) -> None:
    crop = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    out = damage(crop, np.random.default_rng(seed))
    assert out.shape == crop.shape
    assert out.std() < 0.8 * crop.std()
    assert abs(out.mean() - crop.mean()) < 6


def test_every_kind_of_view_is_met() -> None:
    """Of 400 views some lie at an edge: flat black or grey in a corner or at a side, which noise never is."""
    crop = factories.pictures(1)[0] // 2 + 60
    views = [augment.view(crop, seed=1, row=row, number=0) for row in range(400)]
    flat = [bool((np.ptp(view[:, [0, -1]].reshape(-1, 2, 3), axis=0) == 0).all(axis=-1).any()) for view in views]
    assert 4 < sum(flat) < 80
