from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from recognizer.history.database import open_history
from tests.app.painted_people import ADA, Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Ada is enrolled with one photo; the history is empty."""
    history = open_history(tmp_path / "history", create=True)
    made = Site(tmp_path, history)
    made.enrol(Ada=(ADA, 0))
    yield made
    history.close()
