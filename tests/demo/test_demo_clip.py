from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from recognizer.capture.pictures import read_picture
from recognizer.demo import demo_clip
from recognizer.demo.demo_clip import CUTS, EMPTY, ENROLLED, GALLERY, LENGTH_S, MEDIA, RATE, SCRIPT, STRANGER


def test_script_is_what_it_says() -> None:
    assert {a.person for a in SCRIPT} == {*ENROLLED, STRANGER}
    assert {a.person for a in SCRIPT if a.enrolled} == set(ENROLLED) == set(GALLERY)
    middle = sum(EMPTY) / 2
    assert not any(a.begins_s < EMPTY[1] and a.ends_s > EMPTY[0] for a in SCRIPT)
    assert all(a.pose(middle) is None for a in SCRIPT)
    assert max(a.ends_s for a in SCRIPT) == LENGTH_S
    for appearance in SCRIPT:  # nobody lives through a cut
        assert not any(appearance.begins_s < cut < appearance.ends_s for cut in CUTS)
    before, after = SCRIPT[0].poses[-1], SCRIPT[2].poses[0]
    assert (before.x, before.y, before.width) == (after.x, after.y, after.width)


def test_frames_are_pictures_and_the_same_each_time() -> None:
    once = list(islice(demo_clip.frames(), 3))
    again = list(islice(demo_clip.frames(), 3))
    assert [at_s for at_s, _ in once] == [0, 1 / RATE, 2 / RATE]
    for (_, a), (_, b) in zip(once, again, strict=True):
        assert a.shape == (360, 640, 3)
        assert a.dtype == np.uint8
        assert np.array_equal(a, b)


def test_a_piece_is_that_of_the_whole_clip() -> None:
    whole = list(islice(demo_clip.frames(), 5))
    piece = list(demo_clip.frames(0.03, 0.12))
    assert [at_s for at_s, _ in piece] == [0.04, 0.08]
    assert all(np.array_equal(image, whole[row][1]) for row, (_, image) in enumerate(piece, 1))
    assert [at_s for at_s, _ in demo_clip.frames(11.0, every=10)] == [11.0, 11.4, 11.8]


def test_faces_are_painted_where_the_script_says() -> None:
    """An appearance changes the picture around its pose, and hardly anything far from it."""
    pose = SCRIPT[2].pose(4.0)
    assert pose is not None
    frames = dict(islice(demo_clip.frames(), 100, 101))
    painted = frames[4.0].astype(float)
    wall = demo_clip._background(4.0)
    change = np.abs(painted - wall).mean(axis=2)
    y, x, half = int(pose.y), int(pose.x), int(pose.width / 3)
    assert change[y - half : y + half, x - half : x + half].mean() > 30
    assert change[:, 500:].mean() < 5


@pytest.mark.parametrize("file", sorted({file for files in GALLERY.values() for file in files}))
def test_photos_to_enrol_differ_from_those_of_the_clip(file: str) -> None:
    photo = demo_clip.gallery_photo(file)
    shown = {portrait.file for portrait in demo_clip._PORTRAITS.values()}
    if file in shown:
        original = read_picture(MEDIA / file)
        assert np.abs(photo.astype(float) - original).mean() > 10
    assert photo.shape[2] == 3


def test_every_portrait_is_in_the_notice_and_small() -> None:
    notice = (MEDIA / "NOTICE").read_text("utf-8")
    pictures = [path for path in MEDIA.iterdir() if path.name != "NOTICE"]
    assert pictures
    assert all(path.name in notice for path in pictures)
    assert sum(path.stat().st_size for path in pictures) < 1_000_000
