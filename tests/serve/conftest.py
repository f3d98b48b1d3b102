"""Fixtures of the service's tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from recognizer.app import build, config, enrolment
from recognizer.app.config import load
from recognizer.app.session import Session
from recognizer.demo import demo_files
from recognizer.serve.recogniser import Recogniser
from tests.serve.service import make_app


@pytest.fixture
def app(tmp_path: Path) -> Iterator[FastAPI]:
    """An application with an empty gallery, no history, no cameras and a fake recogniser."""
    made = make_app(tmp_path)
    yield made
    made.state.services.close()


@pytest.fixture(scope="session")
def recogniser() -> Recogniser:
    """The model that comes with the package; which gallery it uses is set by ``real_app``."""
    return Recogniser(load(None, {"embed": {"model": "edgeface_xxs_own"}}))


@pytest.fixture
def real_app(tmp_path: Path, recogniser: Recogniser) -> Iterator[FastAPI]:
    """An application with an empty gallery and a recogniser that recognises."""
    made = make_app(tmp_path, recogniser=recogniser, embed={"model": "edgeface_xxs_own"})
    recogniser.settings = made.state.services.settings
    recogniser.reload()
    yield made
    made.state.services.close()


@pytest.fixture(scope="session")
def past_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery, and the history of a run on the clip, with crops."""
    folder = tmp_path_factory.mktemp("past")
    demo_files.write_gallery(folder / "gallery")
    demo_files.write_clip(folder / "clip.mp4")
    settings = config.load(
        None,
        {
            "source": {"location": str(folder / "clip.mp4")},
            "gallery": {"folder": folder / "gallery"},
            "embed": {"model": "edgeface_xxs_own"},
            "history": {"enabled": True, "crops": True},
            "emit": {"headless": True},
        },
    )
    enrolment.sync(settings, build.model(settings))
    Session(settings).run()
    return folder


@pytest.fixture
def past_app(tmp_path: Path, past_site: Path, recogniser: Recogniser) -> Iterator[FastAPI]:
    """An application over a copy of that gallery and history."""
    shutil.copytree(past_site, tmp_path, dirs_exist_ok=True)
    made = make_app(
        tmp_path, recogniser=recogniser, embed={"model": "edgeface_xxs_own"}, history={"enabled": True, "crops": True}
    )
    recogniser.settings = made.state.services.settings
    recogniser.reload()
    yield made
    made.state.services.close()
