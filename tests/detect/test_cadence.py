from __future__ import annotations

import numpy as np

from recognizer.detect.cadence import Cadence
from recognizer.types import U8, Look


def scene(seed: int, *, brightness: float = 1.0) -> U8:
    coarse = np.random.default_rng(seed).integers(0, 200, (9, 16, 3))
    return np.asarray(np.kron(coarse, np.ones((40, 40, 1))) * brightness, np.uint8)


def test_looks_are_rarer_while_nothing_happens_and_frequent_after_news() -> None:
    cadence = Cadence(interval_s=1.0, shortest_s=0.25)
    picture, looked = scene(1), []
    for step in range(100):
        at = step / 20
        if cadence.look(picture, at, lost=False):
            looked.append(at)
            cadence.looked(at, news=at == 0, thorough=True)
    gaps = np.diff(looked)
    np.testing.assert_allclose(gaps, [0.25, 0.5, 1, 1, 1, 1])


def test_a_thorough_look_comes_first_and_every_few_seconds() -> None:
    cadence = Cadence(interval_s=1.0, shortest_s=1.0, thorough_s=3.0)
    picture, looks = scene(1), []
    for step in range(80):
        at = step / 10
        if look := cadence.look(picture, at, lost=False):
            looks.append((at, look))
            cadence.looked(at, news=False, thorough=look is Look.THOROUGH)
    assert [at for at, look in looks if look is Look.THOROUGH] == [0, 3, 6]
    assert {look for _, look in looks} == {Look.THOROUGH, Look.DUE}
    assert len(looks) == 8


def test_where_every_look_is_thorough_none_is_asked_for() -> None:
    cadence = Cadence(thorough_s=0)
    assert cadence.look(scene(1), 0, lost=False) is Look.DUE


def test_a_loss_is_looked_into_soon_but_not_in_every_frame() -> None:
    cadence = Cadence(interval_s=1.0, shortest_s=0.25)
    picture = scene(1)
    assert cadence.look(picture, 0, lost=False) is Look.THOROUGH
    cadence.looked(0, news=False, thorough=True)
    assert cadence.look(picture, 0.04, lost=True) is Look.NO
    assert cadence.look(picture, 0.2, lost=False) is Look.NO
    assert cadence.look(picture, 0.28, lost=False) is Look.LOSS  # the loss is not forgotten
    cadence.looked(0.28, news=False, thorough=True)
    assert cadence.look(picture, 0.6, lost=False) is Look.NO


def test_a_cut_is_seen_and_a_lamp_or_a_changed_resolution_is_none() -> None:
    cadence = Cadence(interval_s=10, shortest_s=10)
    assert cadence.look(scene(1), 0, lost=False) is Look.THOROUGH
    cadence.looked(0, news=False, thorough=True)
    assert cadence.look(scene(1, brightness=0.5), 0.04, lost=False) is Look.NO
    assert cadence.look(scene(1)[::2, ::2], 0.08, lost=False) is Look.NO
    assert cadence.look(scene(2), 0.12, lost=False) is Look.CUT


def test_time_that_jumps_back_starts_again() -> None:
    cadence = Cadence()
    cadence.look(scene(1), 100, lost=False)
    cadence.looked(100, news=False, thorough=True)
    assert cadence.look(scene(1), 3, lost=False) is Look.THOROUGH


def test_interval_zero_looks_at_every_frame() -> None:
    cadence = Cadence(interval_s=0)
    for step in range(3):
        assert cadence.look(scene(1), step / 25, lost=False)
        cadence.looked(step / 25, news=False, thorough=True)


def test_where_frames_wait_looks_wait_too_but_for_cuts() -> None:
    cadence, picture = Cadence(interval_s=0.5, shortest_s=0.25), scene(1)
    cadence.look(picture, 0, lost=False)
    cadence.looked(0, news=True, thorough=True)
    assert cadence.look(picture, 0.32, lost=False, hurried=True) is Look.NO
    assert cadence.look(picture, 0.36, lost=False, hurried=False) is Look.DUE
    assert cadence.look(picture, 0.52, lost=False, hurried=True) is Look.DUE
    assert cadence.look(scene(2), 0.56, lost=False, hurried=True) is Look.CUT
