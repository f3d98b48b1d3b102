"""Fixtures of the trainings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.train import labelled


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """See ``labelled.make_folder``; made once, and it keeps what was labelled."""
    root = tmp_path_factory.mktemp("labelled")
    labelled.make_folder(root)
    return root
