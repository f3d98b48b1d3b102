"""How actions write what they change."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from recognizer.history import actions
from recognizer.history.database import Database
from recognizer.history.naming import relabel
from recognizer.history.rows import insert_run, save_tracks
from tests.history.history_records import NOON, record


@pytest.mark.parametrize("count", [2, 40])
def test_a_run_is_kept_waiting_no_longer_by_many_tracks(history: Database, count: int) -> None:
    with history.writing() as connection:
        run = insert_run(connection, NOON, "model-1", (0.4, 0.1))
        save_tracks(connection, run, [record(number) for number in range(count)])
    statements: list[str] = []
    sa.event.listen(history._engine, "before_cursor_execute", lambda *words: statements.append(words[2]))
    action = relabel(history, "Ada", "Eve", kind="rename")
    actions.undo(history, action)
    assert sum(statement.startswith("UPDATE tracks") for statement in statements) == 4  # person and nearest, twice
