"""Many photos are measured in several processes: the same record, also when a process dies."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest

from recognizer.app import build, config, measuring
from recognizer.app.enrolment import make_enroller
from recognizer.embed.embedder import GraphEmbedder
from recognizer.gallery import enrol
from recognizer.gallery.enrol import Enroller
from recognizer.gallery.photo_vector import CUTS
from recognizer.gallery.store import Gallery
from recognizer.models.engines.openvino import OpenVinoRunner
from recognizer.models.resolve import ResolvedModel
from recognizer.types import AlignedFaces, FaceQuality


@pytest.fixture(scope="module")
def site() -> tuple[config.Settings, ResolvedModel, Enroller]:
    settings = config.Settings()
    resolved = build.model(settings)
    return settings, resolved, make_enroller(settings, resolved)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures of noise, each another one, and one that cannot be read."""
    person = tmp_path / "people" / "Ada"
    person.mkdir(parents=True)
    for number in range(6):
        picture = np.random.default_rng(number).integers(0, 255, (60 + number, 80, 3), dtype=np.uint8)
        cv2.imwrite(str(person / f"{number}.png"), picture)
    (person / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    return tmp_path / "people"


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrol, "SEVERAL_FROM", 1)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1}, raising=False)


def found(folder: Path, enroller: Enroller) -> list[tuple[str, str]]:
    report = enroller.enrol(folder, rebuild=True)
    with Gallery(folder) as gallery:
        assert len(gallery.measured(enroller.embedder.model)) == 7
    return [(photo.file, photo.notes[0].text) for photo in report.photos]


@pytest.mark.long
def test_several_processes_measure_as_one_does(
    folder: Path, site: tuple[config.Settings, ResolvedModel, Enroller], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, resolved, alone = site
    by_one = found(folder, alone)
    monkeypatch.setattr(Enroller, "measured", lambda *_: pytest.fail("this process measured"))
    assert found(folder, measuring.with_processes(alone, settings, resolved)) == by_one
    assert [text for file, text in by_one if file == "4.png"] == ["no face found in 80 x 64 px"]


def test_the_crops_of_a_photo_are_embedded_at_once(site: tuple[config.Settings, ResolvedModel, Enroller]) -> None:
    """Compiled for one batch of that size: the same vectors in less time."""
    settings, resolved, alone = site
    together = make_enroller(settings, resolved, many=True).embedder
    assert isinstance(together, GraphEmbedder)
    crops = np.random.default_rng(0).integers(0, 255, (CUTS, 112, 112, 3), dtype=np.uint8)
    faces = AlignedFaces(crops, FaceQuality(*(np.ones(CUTS, np.float32) for _ in range(5))))
    assert np.array_equal(together.embed(faces).vectors, alone.embedder.embed(faces).vectors)
    assert isinstance(together._runner, OpenVinoRunner)
    assert [shape[0] for shape in together._runner._own] == [CUTS]


def test_a_process_that_dies_leaves_its_photos_to_this_one(
    folder: Path, site: tuple[config.Settings, ResolvedModel, Enroller], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, resolved, alone = site
    monkeypatch.setattr(measuring, "_measured", _dies)
    assert found(folder, measuring.with_processes(alone, settings, resolved)) == found(folder, alone)


def test_one_processor_measures_alone(
    site: tuple[config.Settings, ResolvedModel, Enroller], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, resolved, alone = site
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0}, raising=False)
    assert measuring.with_processes(alone, settings, resolved) is alone


def test_what_was_measured_before_an_interruption_is_kept(
    folder: Path, site: tuple[config.Settings, ResolvedModel, Enroller]
) -> None:
    _, _, alone = site

    def stops(done: int, total: int, name: str) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        alone.enrol(folder, on_photo=stops)
    with Gallery(folder) as gallery:
        assert len(gallery.measured(alone.embedder.model)) == 4


def _dies(photo: measuring.Photo) -> measuring.Measured:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError
