"""The demonstration's clip as an archive, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.archive.demo_archive import Archive, make_template


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``Archive`` copies."""
    folder = tmp_path_factory.mktemp("archive")
    make_template(folder)
    return folder


@pytest.fixture
def archive(template: Path, tmp_path: Path) -> Archive:
    return Archive(template, tmp_path)
