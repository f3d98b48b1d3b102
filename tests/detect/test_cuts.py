"""What is a shot cut, and what is none."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from recognizer.capture.video import VideoFile
from recognizer.detect.cuts import CutDetector, change, thumbnail
from recognizer.types import U8

from . import shots


def scene(seed: int) -> U8:
    coarse = np.random.default_rng(seed).integers(0, 200, (9, 16, 3))
    return np.asarray(np.kron(coarse, np.ones((40, 40, 1))), np.uint8)


def barred(image: U8, rows: int = 90) -> U8:
    image = image.copy()
    image[:rows] = image[-rows:] = 16
    return image


def seen(pictures: list[U8]) -> list[int]:
    detector = CutDetector()
    return [number for number, picture in enumerate(pictures) if detector.update(picture, number / 25)]


def test_a_cut_is_seen_once_with_and_without_bars() -> None:
    assert seen([scene(1)] * 3 + [scene(2)] * 3) == [3]
    assert seen([barred(scene(1))] * 3 + [barred(scene(2))] * 3) == [3]


def test_light_and_resolution_are_no_cut() -> None:
    dim = np.asarray(scene(1) * 0.5, np.uint8)
    assert seen([scene(1), dim, np.ascontiguousarray(scene(1)[::2, ::2]), scene(1)]) == []


def test_a_flash_and_a_blackout_are_none_and_another_scene_after_black_is_one() -> None:
    white, black = np.full_like(scene(1), 255), np.zeros_like(scene(1))
    assert seen([scene(1)] * 12 + [white] * 2 + [scene(1)] * 3) == []
    assert seen([scene(1)] * 12 + [black] * 6 + [scene(1)] * 3) == []
    assert seen([scene(1)] * 12 + [black] * 6 + [scene(2)] * 3) == [18]


def test_a_dissolve_is_seen_within_its_length() -> None:
    steps = np.linspace(0, 1, 26)
    between = [np.asarray((1 - step) * scene(1) + step * scene(2), np.uint8) for step in steps]
    [at] = seen([scene(1)] * 12 + between + [scene(2)] * 25)
    assert 12 <= at <= 38


def test_every_frame_is_a_cut_below_zero() -> None:
    assert CutDetector(share=-1).update(scene(1), 0.0)


@pytest.mark.parametrize("shape", [(1, 1), (5, 400), (12, 12), (4320, 100)])
def test_any_size_has_a_thumbnail(shape: tuple[int, int]) -> None:
    assert thumbnail(np.full((*shape, 3), 7, np.uint8)).mean == pytest.approx(7)


def test_flat_pictures_differ_by_their_brightness() -> None:
    dark, light = (thumbnail(np.full((90, 160, 3), level, np.uint8)) for level in (0, 255))
    assert change(dark, dark) == 0
    assert change(dark, light) == pytest.approx(1)


@pytest.mark.weights
@pytest.mark.parametrize(
    ("clip", "cuts"),
    [("friends_720p", [104, 270, 401, 452, 553]), ("hamilton_360p", [20, 82, 211]), ("street_1080p", [])],
)
def test_the_cuts_of_real_clips(shared_data: Path, clip: str, cuts: list[int]) -> None:
    detector = CutDetector()
    with VideoFile(shared_data / "data/video" / f"{clip}.mp4") as video:
        found = [frame.index for frame in video if detector.update(frame.preview, frame.captured_at)]
    assert set(cuts) <= set(found)
    assert len(found) <= len(cuts) + 1


def measure(videos: Path, clips: tuple[str, ...], *, each: int, seed: int) -> tuple[Counter[str], Counter[str]]:
    """Changes seen and made, by kind; false cuts and seconds, by kind."""
    drawn = shots.Shots(videos, clips, seed=seed)
    rng, changes, quiet = drawn.rng, Counter[str](), Counter[str]()
    for kind in ("cut", "dissolve", "fade") * each:
        rate, overlay = int(rng.choice(shots.RATES)), str(rng.choice(shots.OVERLAYS))
        if (pair := drawn.pair(3.6, rate)) is None:
            continue
        frames, first, last = shots.joined(*pair, kind, rate, rng)
        found = shots.cuts_of(shots.overlaid(frames, overlay), rate)
        changes[kind] += 1
        changes[f"{kind} seen"] += any(first <= at <= last + (kind != "cut") for at in found)
        quiet["beside"] += sum(not first <= at <= last + 2 for at in found)
        quiet["beside s"] += len(frames) // rate
    for kind, make in list(shots.NO_CUTS.items()) * each:
        rate, overlay = int(rng.choice(shots.RATES)), str(rng.choice(shots.OVERLAYS))
        if (shot := drawn.draw(str(rng.choice(clips)), 3.0, rate)) is None:
            continue
        quiet[kind] += len(shots.cuts_of(shots.overlaid(make(shot.frames, rate, rng), overlay), rate))
        quiet[f"{kind} s"] += len(shot.frames) // rate
    return changes, quiet


def check(videos: Path, clips: tuple[str, ...], *, each: int, seed: int, cut: float, dissolve: float) -> None:
    changes, quiet = measure(videos, clips, each=each, seed=seed)
    for kind in ("cut", "dissolve", "fade"):
        print(f"{kind}: {changes[f'{kind} seen']} of {changes[kind]} seen")
    for kind in ("beside", *shots.NO_CUTS):
        print(f"{kind}: {quiet[kind]} false in {quiet[f'{kind} s'] / 60:.1f} min")
    assert changes["cut seen"] >= cut * changes["cut"] > 0
    assert changes["dissolve seen"] >= dissolve * changes["dissolve"] > 0
    assert changes["fade seen"] >= dissolve * changes["fade"] > 0
    assert quiet["plain"] <= 0.5 * quiet["plain s"] / 60


@pytest.mark.long
@pytest.mark.weights
def test_changes_made_from_real_clips(shared_data: Path) -> None:
    check(shared_data / "data/video", shots.CLIPS[:4], each=8, seed=1, cut=1.0, dissolve=0.85)


@pytest.mark.weights
@pytest.mark.slow
@pytest.mark.parametrize("clips", [shots.CLIPS, ("four_faces_1080p.mp4", "hamilton_360p.mp4", "office/walk.mkv")])
def test_many_changes_made_from_real_clips(shared_data: Path, clips: tuple[str, ...]) -> None:
    check(shared_data / "data/video", clips, each=300, seed=2, cut=0.99, dissolve=0.95)
