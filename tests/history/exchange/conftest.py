"""A history of SQLite for tests in which the kind of database does not matter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from recognizer.history.database import Database, open_history


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Database]:
    """An empty history."""
    opened = open_history(tmp_path / "local", create=True)
    yield opened
    opened.close()
