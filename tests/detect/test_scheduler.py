from __future__ import annotations

import numpy as np

from recognizer.detect.scheduler import AdaptiveScheduler
from recognizer.types import U8, DetectionTrigger


def scene(seed: int, *, brightness: float = 1.0) -> U8:
    coarse = np.random.default_rng(seed).integers(0, 200, (9, 16, 3))
    return np.asarray(np.kron(coarse, np.ones((40, 40, 1))) * brightness, np.uint8)


def test_detections_are_rarer_while_nothing_changes() -> None:
    scheduler = AdaptiveScheduler(max_interval_s=1.0, min_interval_s=0.25)
    picture, detected = scene(1), []
    for step in range(100):
        at = step / 20
        if scheduler.next_detection(picture, at, lost=False):
            detected.append(at)
            scheduler.record_detection(at, changed=at == 0, full=True)
    gaps = np.diff(detected)
    np.testing.assert_allclose(gaps, [0.25, 0.5, 1, 1, 1, 1])


def test_a_full_detection_comes_first_and_every_few_seconds() -> None:
    scheduler = AdaptiveScheduler(max_interval_s=1.0, min_interval_s=1.0, full_interval_s=3.0)
    picture, triggers = scene(1), []
    for step in range(80):
        at = step / 10
        if trigger := scheduler.next_detection(picture, at, lost=False):
            triggers.append((at, trigger))
            scheduler.record_detection(at, changed=False, full=trigger is DetectionTrigger.FULL_DUE)
    assert [at for at, trigger in triggers if trigger is DetectionTrigger.FULL_DUE] == [0, 3, 6]
    assert {trigger for _, trigger in triggers} == {DetectionTrigger.FULL_DUE, DetectionTrigger.DUE}
    assert len(triggers) == 8


def test_none_is_full_with_interval_zero() -> None:
    scheduler = AdaptiveScheduler(full_interval_s=0)
    assert scheduler.next_detection(scene(1), 0, lost=False) is DetectionTrigger.DUE


def test_a_loss_triggers_a_detection_soon_but_not_in_every_frame() -> None:
    scheduler = AdaptiveScheduler(max_interval_s=1.0, min_interval_s=0.25)
    picture = scene(1)
    assert scheduler.next_detection(picture, 0, lost=False) is DetectionTrigger.FULL_DUE
    scheduler.record_detection(0, changed=False, full=True)
    assert scheduler.next_detection(picture, 0.04, lost=True) is DetectionTrigger.NOT_DUE
    assert scheduler.next_detection(picture, 0.2, lost=False) is DetectionTrigger.NOT_DUE
    assert scheduler.next_detection(picture, 0.28, lost=False) is DetectionTrigger.LOSS  # the loss is not forgotten
    scheduler.record_detection(0.28, changed=False, full=True)
    assert scheduler.next_detection(picture, 0.6, lost=False) is DetectionTrigger.NOT_DUE


def test_a_cut_is_seen_and_a_lamp_or_a_changed_resolution_is_none() -> None:
    scheduler = AdaptiveScheduler(max_interval_s=10, min_interval_s=10)
    assert scheduler.next_detection(scene(1), 0, lost=False) is DetectionTrigger.FULL_DUE
    scheduler.record_detection(0, changed=False, full=True)
    assert scheduler.next_detection(scene(1, brightness=0.5), 0.04, lost=False) is DetectionTrigger.NOT_DUE
    assert scheduler.next_detection(scene(1)[::2, ::2], 0.08, lost=False) is DetectionTrigger.NOT_DUE
    assert scheduler.next_detection(scene(2), 0.12, lost=False) is DetectionTrigger.CUT


def test_time_that_jumps_back_starts_again() -> None:
    scheduler = AdaptiveScheduler()
    scheduler.next_detection(scene(1), 100, lost=False)
    scheduler.record_detection(100, changed=False, full=True)
    assert scheduler.next_detection(scene(1), 3, lost=False) is DetectionTrigger.FULL_DUE


def test_interval_zero_detects_in_every_frame() -> None:
    scheduler = AdaptiveScheduler(max_interval_s=0)
    for step in range(3):
        assert scheduler.next_detection(scene(1), step / 25, lost=False)
        scheduler.record_detection(step / 25, changed=False, full=True)


def test_detections_wait_while_frames_do_except_at_cuts() -> None:
    scheduler, picture = AdaptiveScheduler(max_interval_s=0.5, min_interval_s=0.25), scene(1)
    scheduler.next_detection(picture, 0, lost=False)
    scheduler.record_detection(0, changed=True, full=True)
    assert scheduler.next_detection(picture, 0.32, lost=False, backlogged=True) is DetectionTrigger.NOT_DUE
    assert scheduler.next_detection(picture, 0.36, lost=False, backlogged=False) is DetectionTrigger.DUE
    assert scheduler.next_detection(picture, 0.52, lost=False, backlogged=True) is DetectionTrigger.DUE
    assert scheduler.next_detection(scene(2), 0.56, lost=False, backlogged=True) is DetectionTrigger.CUT
