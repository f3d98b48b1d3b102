from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recognizer.emit.overlay import Overlay
from recognizer.runtime.keys import Keys
from recognizer.types import Status
from tests.fakes import read_picture
from tests.results import identity, make_result
from tests.rig import wait_until


def keys(folder: Path, answer: str | None = "Eve") -> Keys:
    made = Keys(gallery=folder / "g", snapshots=folder / "s", render=Overlay(), ask=lambda question: answer)
    made.emit(make_result(1.0, identities=[identity(1, "Anna"), identity(2, status=Status.UNKNOWN)]))
    return made


def test_p_pauses_and_goes_on(tmp_path: Path) -> None:
    pressed = keys(tmp_path)
    pressed.press("p")
    assert pressed.paused
    pressed.press("p")
    assert not pressed.paused


def test_s_saves_the_labelled_picture(tmp_path: Path) -> None:
    pressed = keys(tmp_path)
    pressed.press("s")
    [picture] = (tmp_path / "s").iterdir()
    assert read_picture(picture).shape == make_result(1.0).frame.image.shape


def test_e_puts_the_face_that_has_no_name_into_the_gallery(tmp_path: Path) -> None:
    pressed = keys(tmp_path, "  Eve ")
    pressed.press("e")
    assert wait_until(lambda: bool(list(tmp_path.glob("g/Eve/[!.]*.jpg"))), seconds=5) < 5
    [photo] = (tmp_path / "g" / "Eve").iterdir()
    assert np.prod(read_picture(photo).shape) > 0


@pytest.mark.parametrize("answer", [None, "", "  \n", "../..", ".hidden"])
def test_e_without_a_proper_name_writes_nothing(tmp_path: Path, answer: str | None) -> None:
    pressed = keys(tmp_path, answer)
    pressed.press("e")
    assert wait_until(lambda: any(tmp_path.rglob("*.jpg")), seconds=0.3) == float("inf")


def test_nobody_to_enrol(tmp_path: Path) -> None:
    pressed = keys(tmp_path)
    pressed.emit(make_result(2.0, identities=[identity(1, "Anna")]))
    pressed.press("e")
    assert wait_until(lambda: any(tmp_path.rglob("*.jpg")), seconds=0.3) == float("inf")
