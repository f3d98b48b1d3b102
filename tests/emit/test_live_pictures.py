"""Labelled pictures are made for viewers only, once for all of them."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest

from recognizer.emit.live_pictures import LivePictures
from recognizer.types import U8
from tests.results import identity, make_result
from tests.rig import Background, wait_until


def decoded(jpeg: bytes) -> U8:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def test_without_viewers_nothing_is_drawn_and_no_thread_runs() -> None:
    before = threading.active_count()
    with LivePictures() as pictures:
        for at in range(5):
            pictures.emit(make_result(at))
        assert pictures.encoded == 0
        assert threading.active_count() == before


def test_many_viewers_get_one_picture() -> None:
    got: list[bytes] = []
    with LivePictures() as pictures:
        pictures.emit(make_result(0.0))

        def watch() -> None:
            picture = pictures.picture("clip", width_px=640)
            assert picture is not None
            got.append(picture.jpeg)

        viewers = [Background(watch) for _ in range(8)]
        for viewer in viewers:
            viewer.join(10)
        assert len(got) == 8
        assert len(set(got)) == 1
        assert pictures.encoded == 1


def test_a_viewer_gets_the_newest_picture_and_waits_for_another_one() -> None:
    with LivePictures(interval_s=0.0) as pictures:
        for at in (1.0, 2.0, 3.0):
            pictures.emit(make_result(at))
        first = pictures.picture("clip", width_px=640)
        assert first is not None
        assert first.captured_at == 3.0
        assert pictures.picture("clip", width_px=640, after=first.number, wait_s=0.05) is None
        later = threading.Timer(0.05, lambda: pictures.emit(make_result(4.0)))
        later.start()
        second = pictures.picture("clip", width_px=640, after=first.number, wait_s=10)
        assert second is not None
        assert second.captured_at == 4.0
        later.join()


def test_pictures_come_at_most_as_often_as_the_interval_allows() -> None:
    with LivePictures(interval_s=30.0) as pictures:
        pictures.emit(make_result(1.0))
        first = pictures.picture("clip", width_px=640)
        assert first is not None
        pictures.emit(make_result(2.0))
        assert pictures.picture("clip", width_px=640, after=first.number, wait_s=0.1) is None
        assert pictures.encoded == 1


@pytest.mark.parametrize(("wanted", "came"), [(100, 320), (320, 320), (321, 640), (9999, 800)])
def test_the_width_is_rounded_up_and_never_above_the_frame(wanted: int, came: int) -> None:
    image = np.full((400, 800, 3), 90, np.uint8)
    with LivePictures() as pictures:
        pictures.emit(make_result(image=image, boxes=[(200, 100, 400, 300)], identities=[identity(1, "Ada")]))
        picture = pictures.picture("clip", width_px=wanted)
    assert picture is not None
    shown = decoded(picture.jpeg)
    assert shown.shape == (picture.height, picture.width, 3) == (came // 2, came, 3)
    left, middle = shown[came // 4, came // 4], shown[came // 4, came // 8 * 3]  # the box's side, and inside of it
    assert int(left[1]) > int(left[2]) + 40  # green
    assert abs(int(middle[1]) - 90) < 12


def test_a_source_without_a_frame_has_no_picture_and_closing_lets_go() -> None:
    pictures = LivePictures()
    with pictures:
        assert pictures.picture("clip", width_px=640, wait_s=0.02) is None
        waiting = Background(lambda: pictures.picture("clip", width_px=640, wait_s=60))
        assert wait_until(lambda: bool(pictures._waiting), seconds=10) < 10
    waiting.join(10)
