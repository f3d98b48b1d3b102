"""Fixtures of the service's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from recognizer.app.config import load
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
