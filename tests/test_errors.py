"""What goes wrong with one picture stays with it."""

from __future__ import annotations

import struct
import zlib
from contextlib import AbstractContextManager

import cv2
import pytest

from recognizer.errors import EngineError, ImageError, TooManyFacesError, one_picture


@pytest.mark.parametrize(
    "raised",
    [
        RuntimeError("frame 0"),
        SyntaxError("broken PNG"),
        struct.error("unpack"),
        zlib.error("Error -3"),
        cv2.error("resize"),
        NotImplementedError("mode"),
        RecursionError("deep"),
        OSError("truncated"),
    ],
)
def test_any_error_becomes_the_pictures(raised: Exception) -> None:
    with pytest.raises(ImageError, match=r"^a.png: it is damaged \(.+\); copy it.$") as caught, _of_picture():
        raise raised
    assert caught.value.__cause__ is raised


def test_an_error_without_words_is_named() -> None:
    with pytest.raises(ImageError, match="MemoryError"), _of_picture():
        raise MemoryError


def test_a_picture_with_too_many_faces_is_named() -> None:
    with pytest.raises(ImageError, match=r"^a.png: it shows a crowd.$"), _of_picture():
        raise TooManyFacesError("it shows a crowd.")


@pytest.mark.parametrize("raised", [EngineError("no engine"), KeyboardInterrupt(), SystemExit(3)])
def test_what_is_not_the_pictures_passes(raised: BaseException) -> None:
    with pytest.raises(type(raised)) as caught, _of_picture():
        raise raised
    assert caught.value is raised


def _of_picture() -> AbstractContextManager[None]:
    return one_picture("a.png", "it is damaged", "copy it")
