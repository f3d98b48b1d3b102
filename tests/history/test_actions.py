"""How actions, and forgetting, write what they change."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from recognizer.history import actions
from recognizer.history.database import Database
from recognizer.history.naming import relabel
from recognizer.history.retention import forget_person
from recognizer.history.rows import insert_run, save_tracks
from tests.history.history_records import NOON, record


@pytest.fixture
def statements(history: Database) -> list[str]:
    """Those that are executed from now on."""
    made: list[str] = []
    sa.event.listen(history._engine, "before_cursor_execute", lambda *words: made.append(words[2]))
    return made


def save(history: Database, count: int, person: str) -> None:
    with history.writing() as connection:
        run = insert_run(connection, NOON, "model-1", (0.4, 0.1))
        save_tracks(connection, run, [record(number, person=person) for number in range(count)])


@pytest.mark.parametrize("count", [2, 40])
def test_a_run_is_kept_waiting_no_longer_by_many_tracks(history: Database, statements: list[str], count: int) -> None:
    save(history, count, "Ada")
    action = relabel(history, "Ada", "Eve", kind="rename")
    actions.undo(history, action)
    assert sum(statement.startswith("UPDATE tracks") for statement in statements) == 4  # person and nearest, twice


def test_a_name_is_taken_out_of_many_tracks_at_once(history: Database, statements: list[str]) -> None:
    save(history, 1, "Ada")
    save(history, 40, "Bob")  # their reasons speak of Ada
    forget_person(history, "Ada")
    assert sum(statement.startswith("UPDATE tracks") for statement in statements) == 1
