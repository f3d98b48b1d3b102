from __future__ import annotations

import pytest

from recognizer.errors import UsageError
from recognizer.history import cursors


@pytest.mark.parametrize("numbers", [(0,), (1_795_809_449_000_000, 7), (3, -5, 2**63 - 1)])
def test_a_cursor_is_read_as_it_was_written(numbers: tuple[int, ...]) -> None:
    text = cursors.encode(*numbers)
    assert cursors.decode(text, len(numbers)) == numbers
    assert text.isascii()
    assert not set(text) & set("=&?/+ ")


@pytest.mark.parametrize("text", ["", "a", "ä", "MQ.", "x" * 200, cursors.encode(1), cursors.encode(2**63, 1)])
def test_what_is_no_cursor(text: str) -> None:
    with pytest.raises(UsageError, match="no cursor"):
        cursors.decode(text, 2)
