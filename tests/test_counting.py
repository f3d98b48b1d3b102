"""Numbers with their nouns."""

from __future__ import annotations

import pytest

from recognizer.counting import counted


@pytest.mark.parametrize(
    ("count", "words", "said"),
    [(0, ("track",), "0 tracks"), (1, ("track",), "1 track"), (2, ("person", "people"), "2 people")],
)
def test_one_is_singular(count: int, words: tuple[str, ...], said: str) -> None:
    assert counted(count, *words) == said
