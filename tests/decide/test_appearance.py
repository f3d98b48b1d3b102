from __future__ import annotations

import cv2
import numpy as np

from recognizer.decide.appearance import likeness, thumbnail
from recognizer.types import F32, U8

BOX: F32 = np.array([60, 50, 140, 150], np.float32)


def face(seed: int) -> U8:
    """A smooth random picture: no two seeds are alike."""
    noise = np.random.default_rng(seed).normal(128, 60, (11, 11)).clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(noise, (200, 200), interpolation=cv2.INTER_CUBIC), np.uint8)


def test_the_same_face_is_alike_where_its_box_is_a_little_off() -> None:
    shifted = BOX + np.array([6, -5, 6, -5], np.float32)
    assert likeness(thumbnail(face(1), BOX), thumbnail(face(1), shifted)) > 0.9


def test_the_same_face_in_other_light_is_alike() -> None:
    darker = (face(1) * 0.5 + 20).astype(np.uint8)
    assert likeness(thumbnail(face(1), BOX), thumbnail(darker, BOX)) > 0.95


def test_another_face_in_the_same_box_is_not_alike() -> None:
    assert likeness(thumbnail(face(1), BOX), thumbnail(face(2), BOX)) < 0.6


def test_a_box_beyond_the_edge_and_a_colour_picture_will_do() -> None:
    colour = np.repeat(face(1)[:, :, None], 3, axis=2)
    outside = np.array([-50, -40, 60, 70], np.float32)
    assert likeness(thumbnail(face(1), outside), thumbnail(colour, outside)) > 0.99
    assert np.isfinite(likeness(thumbnail(face(1), outside + 900), thumbnail(colour, outside + 900)))
