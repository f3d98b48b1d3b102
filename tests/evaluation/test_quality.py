"""Measuring the limits of quality: degradations do what they say, and the table counts right."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from recognizer.align import measure_sharpness
from recognizer.capture.pictures import read_picture
from recognizer.errors import InputError
from recognizer.evaluation.degradations import DEGRADATIONS, Degradation, degraded
from recognizer.evaluation.faces import EmbeddedPictures, Picture
from recognizer.evaluation.pairs import PairSet
from recognizer.evaluation.quality import choose_people, measure_quality
from recognizer.evaluation.verification import verify
from recognizer.quality import QualityLimits
from recognizer.types import F32, U8, FaceQuality
from tests.conftest import ROOT

PORTRAIT = ROOT / "recognizer/demo/media/grace_hopper.jpg"


@pytest.fixture(scope="module")
def portrait() -> U8:
    return read_picture(PORTRAIT)


@pytest.mark.parametrize("kind", DEGRADATIONS, ids=lambda kind: kind.name)
def test_each_level_changes_the_picture_more_than_the_one_before_and_always_alike(
    kind: Degradation, portrait: U8
) -> None:
    before = portrait.copy()
    made = [kind.apply(portrait, level, 7) for level in kind.levels]
    assert np.array_equal(portrait, before)
    assert np.array_equal(made[0], kind.apply(portrait, kind.levels[0], 7))
    if kind.name in {"smaller", "beyond the edge"}:
        assert all(one.size > other.size for one, other in pairwise(made))
    else:
        errors = [np.abs(each.astype(int) - portrait).mean() for each in made]
        assert errors == sorted(errors)
        assert errors[0] > 0


def test_sharpness_falls_with_blur_along_any_direction_and_hardly_with_darkness(portrait: U8) -> None:
    crop = np.ascontiguousarray(portrait[60:172, 60:172])
    kinds = {kind.name: kind for kind in DEGRADATIONS}
    sharp = measure_sharpness(crop)
    smeared = [measure_sharpness(kinds["motion blur"].apply(crop, 15, seed)) for seed in range(8)]
    assert max(smeared) < 0.4 * sharp
    assert measure_sharpness(kinds["blur"].apply(crop, 4, 0)) < 0.25 * sharp
    assert measure_sharpness(np.asarray(crop // 2, np.uint8)) > 0.4 * sharp
    assert measure_sharpness(np.zeros((112, 112, 3), np.uint8)) == 0


def picture(name: str) -> Picture:
    return Picture(name, name, lambda: np.zeros((8, 8, 3), np.uint8))


def test_people_are_drawn_who_have_two_photos() -> None:
    pictures = [picture(name) for name in ("a1", "a2", "b1", "c1", "c2", "c3")]
    first, second = choose_people(pictures, np.array([0, 0, 1, 2, 2, 2]), people=10)
    assert sorted(p.name for p in first) == ["a1", "c1"]
    assert {p.name: q.name for p, q in zip(first, second, strict=True)} == {"a1": "a2", "c1": "c2"}
    with pytest.raises(InputError, match="two photos"):
        choose_people(pictures[:3], np.array([0, 1, 2]), people=10)


def test_the_table_counts_pairs_without_and_with_the_limits() -> None:
    """Four people; made worse, three of them are one face to the model, and one of those is too blurred to tell."""
    count = 4
    names = [picture(str(number)) for number in range(count)]
    own: F32 = np.eye(count, 8, dtype=np.float32)
    alike = own.copy()
    alike[:3] = own[0]
    sharpness = {"first": [190.0] * 4, "worse": [5.0, 100.0, 100.0, 100.0]}

    def embed(wanted: Sequence[Picture], title: str) -> EmbeddedPictures:
        worse = title.startswith("fog")
        vectors = alike if worse else own
        sharp = np.array(sharpness["worse" if worse else "first"], np.float32)
        full, none = np.ones(count, np.float32), np.zeros(count, np.float32)
        return EmbeddedPictures(vectors, vectors, np.ones(count, bool), FaceQuality(40 * full, sharp, none, none, full))

    fog = Degradation("fog", "m", (1.0,), lambda image, level, seed: image)
    clean, worse = measure_quality(names, names, [fog], embed=embed, threshold=0.5, limits=QualityLimits())
    assert (clean.both.hits, clean.both.comparisons, clean.refused, clean.fnmr) == (0, 6, 0.0, 0.0)
    assert (worse.both.hits, worse.both.comparisons) == (3, 6)
    assert (worse.both_usable.hits, worse.both_usable.comparisons, worse.refused) == (1, 3, 0.25)
    assert (worse.probe.hits, worse.probe.comparisons) == (2, 12)
    assert worse.fnmr == 0.5
    assert worse.fnmr_usable == pytest.approx(2 / 3)
    assert worse.both.low <= worse.both.rate <= worse.both.high


def test_a_protocol_counts_all_pairs_and_says_which_verify_would_not_answer() -> None:
    """Two pairs of one person, two of two; the fourth picture is too small to tell, in the fifth is no face."""
    own = np.repeat(np.eye(3, 8, dtype=np.float32), 2, axis=0)
    eyes = np.array([40, 40, 40, 9, 40, 40], np.float32)
    full, none = np.ones(6, np.float32), np.zeros(6, np.float32)
    found = np.array([True, True, True, True, False, True])
    faces = EmbeddedPictures(own, own, found, FaceQuality(eyes, 190 * full, none, none, full))
    left, right = np.array([0, 2, 0, 4]), np.array([1, 3, 2, 1])
    same, folds = np.array([True, True, False, False]), np.array([0, 1, 0, 1])
    protocol = PairSet("made", tuple(picture(str(n)) for n in range(6)), left, right, same, folds, 0.45)
    result = verify(protocol, faces, model="m", flip=True)
    assert result.cannot_tell.tolist() == [False, True, False, True]
    assert (result.as_dict()["cannot_tell"], result.as_dict()["cannot_tell_impostors"]) == (2, 1)
    assert result.accuracy.mean == 1


def test_a_degraded_picture_is_another_picture_to_the_cache(tmp_path: Path) -> None:
    fog = Degradation("fog", "m", (1.0, 2.0), lambda image, level, seed: np.full_like(image, int(level)))
    one, other = degraded([picture("a")], fog, 1)[0], degraded([picture("a")], fog, 2)[0]
    assert len({one.stamp, other.stamp, "a"}) == 3
    assert (one.read()[0, 0, 0], other.read()[0, 0, 0]) == (1, 2)
