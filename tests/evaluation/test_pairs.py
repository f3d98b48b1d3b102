from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from recognizer.errors import InputError, UsageError
from recognizer.evaluation.agedb import read_agedb
from recognizer.evaluation.faces import VectorStore, cut_with, embed_pictures
from recognizer.evaluation.pairs import PROTOCOLS, read_protocol
from recognizer.evaluation.verification import verify
from tests.evaluation import trees
from tests.fakes import PaintedFaceDetector, PaintedFaceEmbedder

TREES: dict[str, Callable[[Path], Path]] = {
    "lfw": trees.lfw,
    "xqlfw": lambda root: trees.lfw(root, pairs="xqlfw_pairs.txt", images="xqlfw_aligned_112"),
    "cfp-ff": trees.cfp,
    "cfp-fp": trees.cfp,
    "agedb-30": trees.agedb,
    "agedb-30 as text": trees.agedb_text,
    "calfw": lambda root: trees.two_lines(root, "pairs_CALFW.txt", "images&landmarks/images"),
    "cplfw": lambda root: trees.two_lines(root, "pairs_CPLFW.txt", "images"),
}


def test_every_protocol_has_a_tree_here() -> None:
    assert {name.split()[0] for name in TREES} == PROTOCOLS.keys()


@pytest.mark.parametrize("tree", TREES)
def test_official_layouts_are_read_and_verified(tree: str, tmp_path: Path) -> None:
    pairs = read_protocol(tree.split()[0], TREES[tree](tmp_path / "set"))
    count = 20 if "agedb" in tree else 8
    assert (len(pairs.same), int(pairs.same.sum())) == (count, count // 2)
    folds = np.unique(pairs.folds)
    assert folds.tolist() == list(range(len(folds)))
    assert 2 <= len(folds) <= 10
    embedder = PaintedFaceEmbedder()
    with VectorStore(tmp_path / "cache", model=embedder.model, aligner="painted") as store:
        cut = cut_with(PaintedFaceDetector(), face_share=pairs.face_share)
        faces = embed_pictures(pairs.pictures, cut=cut, embedder=embedder, store=store)
    result = verify(pairs, faces, model=embedder.model, flip=False)
    assert result.accuracy.mean == 1.0  # so the pairs and their answers belong together
    assert result.auc == 1.0
    assert result.eer == 0.0
    assert [rate.resolved for rate in result.rates] == [count == 20, False, False, False]


def test_a_profile_is_the_second_of_a_cfp_fp_pair(tmp_path: Path) -> None:
    pairs = read_protocol("cfp-fp", trees.cfp(tmp_path))
    assert all("frontal" in pairs.pictures[row].name for row in pairs.left)
    assert all("profile" in pairs.pictures[row].name for row in pairs.right)


@pytest.mark.parametrize("line", ["1", "one ../Data/Images/001/frontal/01.jpg"])
def test_a_list_of_cfp_in_another_layout_is_reported(line: str, tmp_path: Path) -> None:
    root = trees.cfp(tmp_path)
    (root / "Protocol/Pair_list_F.txt").write_text(f"{line}\n")
    with pytest.raises(InputError, match="wanted 'number path'"):
        read_protocol("cfp-ff", root)


def test_calfw_numbers_folds_of_same_people_and_deals_out_the_others(tmp_path: Path) -> None:
    pairs = read_protocol("calfw", TREES["calfw"](tmp_path))
    assert pairs.folds[pairs.same].tolist() == [0, 0, 1, 1]
    assert pairs.folds[~pairs.same].tolist() == [0, 0, 1, 1]


def test_agedb_s_own_file_is_laid_out_as_its_readers_expect(tmp_path: Path) -> None:
    """Twice: by the chain of indices with which insightface's agedb2pack.py goes through the real file."""
    root = trees.agedb(tmp_path)
    splits = loadmat(root / "04_FINAL_protocol_30_years.mat")["splits"]
    chained = [
        str(splits[fold][0][0][0][0][row][column][0][0][0][0]) + ".jpg"
        for fold in range(splits.shape[0])
        for column in range(2)
        for row in range(2)
    ]
    assert chained == [name for pair in read_agedb(root / "04_FINAL_protocol_30_years.mat") for name in pair[:2]]


@pytest.mark.parametrize("content", [b"", b"no MATLAB file" * 20, None])
def test_another_file_than_agedb_s_is_reported(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "04_FINAL_protocol_30_years.mat"
    if content is None:
        savemat(path, {"splits": np.arange(4)})
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match="not in the layout of AgeDB"):
        read_agedb(path)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: (root / "pairs.txt").write_text("2\t2\nAnn\t1\t2\n"), "announces 2 folds of 4 pairs but holds 1"),
        (lambda root: (root / "pairs.txt").write_text("no\tnumbers\n"), "not in the layout of lfw"),
        (
            lambda root: (root / "pairs.txt").write_text("2\t1\n" + 4 * "Ann\t1\t2\n"),
            "4 pairs that are all of one person",
        ),
        (lambda root: (root / "pairs.txt").unlink(), "does not have the file of pairs"),
        (lambda root: (root / "images/Ann/Ann_0001.jpg").unlink(), "Ann_0001.jpg, which cannot be read"),
    ],
)
def test_what_is_wrong_with_a_data_set_is_reported(
    spoil: Callable[[Path], object], message: str, tmp_path: Path
) -> None:
    root = trees.lfw(tmp_path)
    spoil(root)
    with pytest.raises(InputError, match=message):
        read_protocol("lfw", root)


def test_unknown_protocols_and_places_are_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there are: lfw"):
        read_protocol("megaface", tmp_path)
    with pytest.raises(InputError, match="no folder"):
        read_protocol("lfw", tmp_path / "absent")


@pytest.mark.weights
def test_the_official_lfw_list_is_6000_pairs(shared_data: Path) -> None:
    pairs = read_protocol("lfw", shared_data / "data/lfw")
    assert (len(pairs.pictures), len(pairs.same)) == (7701, 6000)
    for fold in range(10):
        assert np.bincount(pairs.same[pairs.folds == fold]).tolist() == [300, 300]
