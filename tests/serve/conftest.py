"""Fixtures of the service's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from tests.serve.service import make_app


@pytest.fixture
def app(tmp_path: Path) -> Iterator[FastAPI]:
    """An application with an empty gallery, no history, no cameras and a fake recogniser."""
    made = make_app(tmp_path)
    yield made
    made.state.services.close()
