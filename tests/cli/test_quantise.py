from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from recognizer.cli import _console, models
from recognizer.models import resolve
from recognizer.models.cache import Cache
from recognizer.models.engines import int8, processor

pytestmark = pytest.mark.skipif(not processor.has_vnni(), reason="a processor without VNNI")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    monkeypatch.delenv("RECOGNIZER_WEIGHTS", raising=False)
    monkeypatch.setenv("RECOGNIZER_CACHE", str(tmp_path / "cache"))
    return Cache()


def quantise(*words: object) -> int:
    return _console.guarded(models.app, ["quantise", *map(str, words)])


@pytest.fixture
def photos(shared_data: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for photo in sorted((shared_data / "data/lfw/images").glob("*/*.jpg"))[:560]:
        shutil.copy(photo, folder)
    return folder


@pytest.mark.long
@pytest.mark.weights
def test_too_few_faces_are_reported_with_the_count_of_found_ones(
    photos: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert quantise("--faces", photos, "--model", "edgeface_xxs_own", "--most", 3) == 5
    assert "Wanted 512 faces or more to measure ranges on, got 3." in capfd.readouterr().err


def test_a_folder_without_pictures_is_reported(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert quantise("--faces", tmp_path, "--model", "edgeface_xxs_own") == 3
    assert f"There is no picture in the folder {tmp_path}" in capfd.readouterr().err.replace("\n", "")


@pytest.mark.slow
@pytest.mark.weights
def test_a_model_is_faster_from_then_on(shared_data: Path, photos: Path, cache: Cache, tmp_path: Path) -> None:
    weights = shared_data / "weights"
    (photos / "broken.jpg").write_bytes(b"no picture")
    elsewhere = tmp_path / "out" / "ranges.npz"
    words = ("--faces", photos, "--aligned", "--model", "edgeface_xxs_q", "--weights-dir", weights)
    assert quantise(*words, "--output", elsewhere) == 0
    shipped = resolve.resolve("edgeface_xxs_q", weights_dir=weights, offline=True)
    assert shipped.ranges is not None
    assert quantise(*words) == 0
    own = resolve.resolve("edgeface_xxs_q", weights_dir=weights, offline=True)
    assert own.ranges == cache.ranges(own.fingerprint)
    mine, theirs = int8.load(own.ranges), int8.load(elsewhere)
    assert len(mine) > 10
    assert list(mine) == list(theirs)  # the same pictures give the same
    for layer, each in mine.items():
        np.testing.assert_array_equal(each.low, theirs[layer].low)
