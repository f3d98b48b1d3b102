from __future__ import annotations

import threading
import time
from itertools import pairwise

import numpy as np
import pytest

from recognizer.app import build
from recognizer.bench import streams
from recognizer.bench.capacity import Arrival, Capacity, StreamFigures, Trial, figures_of
from recognizer.bench.paced_clip import PacedClip
from recognizer.bench.subject import Bench
from tests.bench.conftest import FRAMES, RATE


def trial(*ages_s: float, dropped: int = 0, names: str = "") -> Trial:
    return Trial(tuple(StreamFigures([age] * 100, set(names), dropped) for age in ages_s), cores=1.0)


@pytest.mark.parametrize(
    ("figures", "behind"),
    [
        (StreamFigures([0.1] * 100), False),
        (StreamFigures([0.1] * 96 + [5.0] * 4), False),
        (StreamFigures([0.1] * 90 + [0.3] * 10), True),
        (StreamFigures([0.1] * 90, dropped=29), False),
        (StreamFigures([0.1] * 90, dropped=31), True),
        (StreamFigures(), True),
    ],
)
def test_behind(figures: StreamFigures, behind: bool) -> None:
    assert figures.behind is behind
    assert figures.as_dict()["behind"] is behind


def test_frames_that_were_skipped_are_dropped_and_those_before_it_settled_do_not_count() -> None:
    ada = frozenset({"Ada"})
    frames = [("a", 0, 1.0, 0.5), ("b", 4, 1.5, 0.5), ("a", 3, 2.0, 0.2), ("b", 5, 2.5, 0.1), ("a", 4, 3.0, 0.3)]
    found = figures_of([Arrival(*frame, names=ada) for frame in frames], settled_at=2.0)
    assert found["a"] == StreamFigures([0.2, 0.3], {"Ada"}, dropped=2)
    assert found["b"] == StreamFigures([0.1], {"Ada"}, dropped=0)


def test_capacity_is_the_largest_number_that_keeps_up() -> None:
    capacity = Capacity(
        recognised=(trial(0.1, names="ab"), trial(0.1, 0.1, names="a"), trial(0.1, 0.3, 0.1, names="ab")),
        decoded=(trial(0.01), trial(0.01, 0.01), trial(0.01, 0.01, 0.01)),
        limit=3,
    )
    assert (capacity.most_recognised, capacity.most_decoded) == (2, 3)
    assert capacity.names_lost(capacity.recognised[1]) == {"b"}
    assert capacity.names_lost(capacity.recognised[2]) == set()


def test_a_number_of_streams_gets_a_second_chance() -> None:
    trials = iter([trial(0.5), trial(0.1), trial(0.1)])
    assert not streams._tried(lambda: next(trials)).behind
    assert len(list(trials)) == 1


def test_a_paced_clip_comes_as_a_camera_does_again_and_again(bench: Bench) -> None:
    clip = PacedClip(bench.settings, name="stream 1", begins_s=0.05)
    frames = []
    with clip:
        began = time.monotonic()
        for frame in clip:
            frames.append(frame)
            assert time.monotonic() >= frame.captured_at
            if len(frames) == FRAMES + 2:
                clip.close()
    assert [frame.index for frame in frames] == list(range(FRAMES + 2))
    assert {frame.source for frame in frames} == {"stream 1"}
    steps = [after.captured_at - before.captured_at for before, after in pairwise(frames)]
    assert steps == pytest.approx([1 / RATE] * len(steps), rel=0.01)
    assert frames[0].captured_at >= began


def test_a_paced_clip_begins_anywhere_and_goes_on_from_the_start(bench: Bench) -> None:
    with build.source(bench.settings) as source:
        images = [frame.image.copy() for frame in source]
    clip, seen = PacedClip(bench.settings, name="stream 1", begins_at=0.5), []
    with clip:
        for frame in clip:
            seen.append(frame.image.copy())
            if len(seen) == len(images):
                clip.close()
    half = round(len(images) / 2)
    for got, wanted in zip(seen, images[half:] + images[:half], strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_a_paced_clip_ends_while_it_waits(bench: Bench) -> None:
    clip = PacedClip(bench.settings, name="stream 1", begins_s=60)
    with clip:
        reader = threading.Thread(target=lambda: list(clip))
        reader.start()
        clip.close()
        reader.join(10)
    assert not reader.is_alive()


@pytest.mark.long
def test_streams_are_counted_one_by_one(bench: Bench) -> None:
    only = streams.decode(bench.settings, streams=2, seconds=0.5)
    assert [bool(stream.ages_s) for stream in only.streams] == [True, True]
    whole = streams.Recogniser(bench.settings, bench.resolved).trial(streams=2, seconds=1.5)
    assert len(whole.streams) == 2
    assert {row.stage for row in whole.stages} >= {"fast detection", "refine"}
