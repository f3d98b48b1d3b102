from __future__ import annotations

import numpy as np

from recognizer.calibration.drift import StrangerWatch


def test_strangers_as_expected_are_no_drift() -> None:
    watch = StrangerWatch(near=0.3)
    for number in range(100):
        watch.add(0.35 if number < 12 else 0.1, 0.0, named=False)
    report = watch.as_dict()
    assert (report["tracks"], report["near"], report["drift"]) == (100, 12, None)
    assert report["similarity"]["p50"] == 0.105


def test_more_near_strangers_than_expected_are_reported() -> None:
    watch = StrangerWatch(near=0.3)
    for number in range(40):
        watch.add(0.35 if number < 12 else 0.1, 0.0, named=False)
    report = watch.as_dict()["drift"]
    assert report is not None
    assert "12 of 40" in report
    # twice: the chance of so many, by the binomial distribution
    chance = (np.random.default_rng(0).binomial(40, 0.1, 200_000) >= 12).mean()
    assert chance < StrangerWatch.UNLIKELY


def test_named_tracks_and_unseen_ones_do_not_count_as_strangers() -> None:
    watch = StrangerWatch(near=0.3)
    watch.add(0.9, 0.5, named=True)
    watch.add(-1.0, 0.0, named=False)
    report = watch.as_dict()
    assert (report["tracks"], report["named_tracks"], report["similarity"]) == (0, 1, None)
    assert report["named_margin"]["p50"] == 0.505
