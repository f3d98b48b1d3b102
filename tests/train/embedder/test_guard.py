"""What a fine-tuned model forgot: the paired rule against a second derivation, and which pairs count."""

from __future__ import annotations

from math import comb
from pathlib import Path

import numpy as np
import pytest

from recognizer.errors import InputError
from recognizer.train.embedder import guard, heldout
from recognizer.train.embedder.guard import Change, Guard
from recognizer.train.embedder.people import People
from recognizer.types import F32, U8
from tests.evaluation import trees
from tests.train import factories
from tests.train.face_files import bin_of, no_cut

NOBODY = factories.known().train


@pytest.mark.parametrize(
    ("lost", "won", "forgot"),
    [(0, 0, False), (5, 0, False), (6, 0, True), (0, 40, False), (12, 8, False), (22, 8, True), (60, 40, False)],
)
def test_a_fall_is_more_than_chance_where_fair_coins_would_rarely_fall_so(lost: int, won: int, forgot: bool) -> None:
    change = Change("set", 1000, 900, lost, won)
    coins = lost + won
    chance = sum(comb(coins, heads) for heads in range(lost, coins + 1)) / 2**coins  # the exact test of McNemar's idea
    assert (chance < 0.025) == forgot
    assert change.forgot == forgot
    low, high = change.interval
    assert low - 1e-12 <= (won - lost) / 1000 <= high + 1e-12
    assert change.after - change.before == pytest.approx((won - lost) / 1000)


def test_the_report_has_the_figures() -> None:
    summary = Change("lfw", 6000, 5970, 22, 8).summary()
    assert "6,000 pairs of lfw: 99.50% before, 99.27% after; 22 pairs lost, 8 won; change -0.23 points" in summary
    assert Change("lfw", 6000, 5970, 22, 8).as_dict()["forgot"] is True


def two_axes(*turned: int) -> F32:
    """Faces of A and B, eight each, on two axes; those of these rows lie on the other axis."""
    rows = np.repeat([0, 1], 8)
    rows[list(turned)] = 1 - rows[list(turned)]
    return np.asarray(np.eye(512, dtype=np.float32)[rows] * 3, np.float32)


def test_pairs_are_lost_and_won_each_by_itself() -> None:
    pairs = factories.pair_set(
        *((f"A/{a}", f"A/{a + 1}", fold) for a, fold in ((1, 1), (3, 2), (5, 1), (7, 2))),
        *((f"A/{n}", f"B/{n}", 1 + n % 2) for n in range(1, 9)),
    )
    known = Guard("set", factories.Album(2, 8), heldout.chosen(pairs, np.ones(12, bool)))
    change = known.change(two_axes(), two_axes(0))
    assert (change.pairs, change.right_before, change.lost, change.won) == (12, 12, 2, 0)
    back = known.change(two_axes(0), two_axes())
    assert (back.right_before, back.lost, back.won) == (10, 0, 2)
    assert known.change(two_axes(0), two_axes(0)).interval == (0.0, 0.0)


def crop(picture: U8) -> U8:
    return np.ascontiguousarray(picture[:112, :112])


def test_pairs_of_people_who_learn_are_left_out(tmp_path: Path) -> None:
    root = trees.lfw(tmp_path / "lfw")
    for number in (1, 2):
        trees.paint(root / "images" / "Cid" / f"Cid_{number:04d}.jpg", 2, number)
    fold = ("Ann\t1\t2", "Cid\t1\t2", "Ann\t1\tBob_Dee\t1", "Ann\t2\tCid\t2")
    trees.write(root / "pairs.txt", "2\t2", *fold, *fold)

    def learning(*names: str) -> People:
        return People(NOBODY.faces, NOBODY.labels, names)

    cache = tmp_path / "cache"
    everyone = guard.read(root, learning=learning("Zoe"), cut=crop, min_px=40, cache=cache)
    assert (everyone.name, len(everyone.pairs.test_pairs), len(everyone.faces)) == ("lfw", 8, 5)
    without = guard.read(root, learning=learning("Bob_Dee", "Zoe"), cut=crop, min_px=40, cache=cache)
    assert sorted(set(without.pairs.owners)) == ["Ann", "Cid"]
    assert (len(without.pairs.test_pairs), len(without.faces)) == (6, 4)
    with pytest.raises(InputError, match=r"finetune\.guard: without the people who learn, 2 of 8 pairs .* are left"):
        guard.read(root, learning=learning("Ann", "Zoe"), cut=crop, min_px=40, cache=cache)


def test_a_bin_set_guards_as_it_is(tmp_path: Path) -> None:
    pictures = factories.pictures(8, seed=5)
    path = bin_of(tmp_path / "cfp_fp.bin", pictures, [True, False, True, False])
    known = guard.read(path, learning=NOBODY, cut=no_cut, min_px=40, cache=tmp_path / "cache")
    assert known.name == "cfp_fp"
    assert np.array_equal(known.faces[5], pictures[5][..., ::-1])
    assert known.pairs.test_same.tolist() == [True, False, True, False]


def test_a_missing_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none cannot be read"):
        guard.read(tmp_path / "none", learning=NOBODY, cut=no_cut, min_px=40, cache=tmp_path)
