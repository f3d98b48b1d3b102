from __future__ import annotations

import cv2
import numpy as np
import pytest

from recognizer.decide.appearance import OTHER, STEP, SUDDEN, UNLIKE, Appearance, likeness, thumbnail
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


def seen(pictures: list[U8], *, verify: bool = False) -> list[int]:
    """The frames, 25 a second, in which the face may be another one."""
    appearance, found = Appearance(), []
    for number, picture in enumerate(pictures):
        if appearance.has_changed(picture, BOX, number / 25):
            found.append(number)
            if verify:
                appearance.verify(is_watched=True)
    return found


def test_a_swap_is_seen_in_its_frame() -> None:
    assert seen([face(1)] * 10 + [face(2)])[0] == 10


def test_a_small_step_is_a_change_where_the_picture_was_calm_and_none_where_it_never_is() -> None:
    beside = np.asarray(face(1) * 0.6 + face(2) * 0.4, np.uint8)
    step = 1 - likeness(thumbnail(face(1), BOX), thumbnail(beside, BOX))
    assert STEP < step < SUDDEN
    assert seen([face(1)] * 10 + [beside]) == [10]
    assert 11 not in seen([face(1), beside] * 6, verify=True)


@pytest.mark.parametrize("frames", [8, 25, 50])
def test_a_dissolve_is_seen_before_it_ends(frames: int) -> None:
    mixed = [np.asarray(face(1) * (1 - part) + face(2) * part, np.uint8) for part in np.linspace(0, 1, frames)]
    first = seen([face(1)] * 25 + mixed)[0]
    assert 25 < first < 25 + frames


def test_a_dissolve_into_a_face_that_resembles_it_is_seen_before_it_ends() -> None:
    alike = np.asarray(face(1) * 0.6 + face(2) * 0.4, np.uint8)
    assert likeness(thumbnail(face(1), BOX), thumbnail(alike, BOX)) > UNLIKE
    mixed = [np.asarray(face(1) * (1 - part) + alike * part, np.uint8) for part in np.linspace(0, 1, 11)]
    assert 25 < seen([face(1)] * 25 + mixed)[0] < 25 + 9


def test_a_face_that_moves_turns_and_grows_in_its_box_does_not_dissolve() -> None:
    moved = []
    for number in range(25):
        motion = cv2.getRotationMatrix2D((100, 100), 0.4 * number, 1 + 0.004 * number)
        motion = motion + np.array([[0, 0, 0.25 * number]])
        moved.append(np.asarray(cv2.warpAffine(face(1), motion, (200, 200), borderMode=cv2.BORDER_REFLECT), np.uint8))
    assert seen([face(1)] * 25 + moved) == []


def test_what_was_verified_is_no_change_any_more() -> None:
    appearance = Appearance()
    for number in range(10):
        appearance.has_changed(face(1), BOX, number / 25)
    assert appearance.has_changed(face(2), BOX, 0.4)
    appearance.verify(is_watched=True)
    assert not any(appearance.has_changed(face(2), BOX, 0.4 + number / 25) for number in range(1, 50))


def test_another_face_after_a_gap_is_a_change() -> None:
    appearance = Appearance()
    for number in range(10):
        appearance.has_changed(face(1), BOX, number / 25)
    assert any(appearance.has_changed(face(2), BOX, 2 + number / 25) for number in range(10))


def test_a_face_that_slides_over_another_one_is_seen_in_the_frame_in_which_they_are_unlike() -> None:
    covered = []
    for edge in range(195, 50, -5):
        picture = face(1).copy()
        picture[:, edge:] = face(2)[:, edge:]
        covered.append(picture)
    alike = [likeness(thumbnail(face(1), BOX), thumbnail(picture, BOX)) for picture in covered]
    first = next(number for number, value in enumerate(alike) if value < OTHER)
    assert seen([face(1)] * 10 + covered)[0] == 10 + first
