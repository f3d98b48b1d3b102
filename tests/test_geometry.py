from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from recognizer import geometry
from recognizer.types import F32


def boxes(*rows: tuple[float, float, float, float]) -> F32:
    return np.array(rows, np.float32).reshape(-1, 4)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
        ((0, 0, 10, 10), (5, 0, 15, 10), 50 / 150),
        ((0, 0, 10, 10), (10, 10, 20, 20), 0.0),
        ((0, 0, 10, 10), (2, 2, 4, 4), 4 / 100),
        ((0, 0, 10, 10), (8, 8, 2, 2), 0.0),  # inverted: no area
    ],
)
def test_iou(one: tuple[int, ...], other: tuple[int, ...], expected: float) -> None:
    assert geometry.iou(boxes(one), boxes(other))[0, 0] == pytest.approx(expected)  # type: ignore[arg-type]


def test_iou_of_nobody_has_no_entries() -> None:
    assert geometry.iou(boxes(), boxes((0, 0, 1, 1))).shape == (0, 1)


def test_centres_and_clip() -> None:
    two = boxes((0, 0, 10, 20), (-5, 4, 50, 8))
    np.testing.assert_array_equal(geometry.centres(two), [[5, 10], [22.5, 6]])
    np.testing.assert_array_equal(geometry.clip(two, width=30, height=12)[1], [0, 4, 30, 8])


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_unit_vectors_have_length_one_and_zeros_stay(kind: type[np.float32 | np.float64]) -> None:
    rows = geometry.unit_rows(np.array([[3, 4], [0, 0], [0, -2]], kind))
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, np.array([[0.6, 0.8], [0, 0], [0, -1]]), rtol=1e-6)
    np.testing.assert_allclose(geometry.unit(np.array([3, 4], kind)), [0.6, 0.8], rtol=1e-6)
    assert geometry.unit(np.zeros(3, kind)).tolist() == [0, 0, 0]


def test_a_picture_is_turned_clockwise() -> None:
    picture = np.array([[[1], [2], [3]]], np.uint8)
    assert geometry.turned(picture, 0) is picture
    assert geometry.turned(picture, 90)[:, 0, 0].tolist() == [1, 2, 3]
    assert geometry.turned(picture, 180)[0, :, 0].tolist() == [3, 2, 1]
    assert geometry.turned(picture, 270)[:, 0, 0].tolist() == [3, 2, 1]


def umeyama_by_svd(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The transform by the paper's own route, singular values, as a second derivation."""
    mean_source, mean_target = source.mean(0), target.mean(0)
    centred_source, centred_target = source - mean_source, target - mean_target
    u, singular, vt = np.linalg.svd(centred_target.T @ centred_source / len(source))
    sign = np.diag([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    rotation = u @ sign @ vt
    scale = np.trace(np.diag(singular) @ sign) / centred_source.var(0).sum()
    return np.column_stack([scale * rotation, mean_target - scale * rotation @ mean_source])


def test_similarity_transform_agrees_with_umeyama() -> None:
    rng = np.random.default_rng(1)
    landmarks = (geometry.ARCFACE_TEMPLATE * 3.7 + rng.normal(0, 6, (20, 5, 2)) + 200).astype(np.float32)
    matrices = geometry.similarity_transforms(landmarks)
    for points, matrix in zip(landmarks, matrices, strict=True):
        expected = umeyama_by_svd(points.astype(np.float64), geometry.ARCFACE_TEMPLATE.astype(np.float64))
        np.testing.assert_allclose(matrix, expected, rtol=1e-4, atol=1e-3)


def test_similarity_transform_undoes_turn_scale_and_shift() -> None:
    angle = np.radians(30)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    landmarks = (geometry.ARCFACE_TEMPLATE @ turn.T * 2.5 + [300, 40]).astype(np.float32)[None]
    back = geometry.apply_transforms(geometry.similarity_transforms(landmarks), landmarks)
    np.testing.assert_allclose(back[0], geometry.ARCFACE_TEMPLATE, atol=1e-3)


def test_points_that_coincide_give_a_shift_and_no_nonsense() -> None:
    matrices = geometry.similarity_transforms(np.full((1, 5, 2), 7, np.float32))
    assert np.isfinite(matrices).all()
    np.testing.assert_allclose(matrices[0, :, :2], np.eye(2))


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (1, 1), (2, 5), (5, 2), (7, 7), (12, 30)])
def test_assignment_is_scipys(shape: tuple[int, int]) -> None:
    for seed in range(20):
        gain = np.random.default_rng(seed).random(shape)
        gain[gain < 0.3] = 0.0  # as boxes that do not overlap
        pairs = geometry.assignment(gain)
        rows, columns = linear_sum_assignment(gain, maximize=True)
        assert gain[pairs[:, 0], pairs[:, 1]].sum() == pytest.approx(gain[rows, columns].sum())
        assert pairs[:, 0].tolist() == rows.tolist()
        assert len(set(pairs[:, 1].tolist())) == len(pairs)
