from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

from recognizer.emit.places import require_place


@pytest.fixture
def lines() -> Iterator[list[str]]:
    found: list[str] = []
    handler = logger.add(lambda line: found.append(str(line).rstrip("\n")), level="INFO", format="{message}")
    yield found
    logger.remove(handler)


def test_a_folder_that_is_made_is_named(tmp_path: Path, lines: list[str]) -> None:
    for _ in range(2):  # the second time it is there
        require_place(tmp_path / "nowhere" / "march.html", wanted="the report")
        assert lines == [f"made the folder {tmp_path / 'nowhere'} for the report"]
