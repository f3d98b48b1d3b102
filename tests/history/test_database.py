from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from recognizer.errors import HistoryError
from recognizer.history.database import FILE_NAME, open_history
from recognizer.history.rows import insert_run, save_tracks
from recognizer.history.schema import LEVEL, metadata, samples
from recognizer.history.spans import open_vectors
from tests.conftest import ROOT
from tests.history.history_records import NOON, record, unit


def test_migrations_make_the_tables_of_the_schema(tmp_path: Path) -> None:
    history = open_history(tmp_path / "history", create=True)
    with history.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == LEVEL
    history.close()


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    open_history(tmp_path / "history", create=True).close()
    assert stat.S_IMODE((tmp_path / "history").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "history" / FILE_NAME).stat().st_mode) == 0o600


def test_none_is_made_for_reading(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="'run --history' writes one"):
        open_history(tmp_path / "history", create=False)
    assert not (tmp_path / "history").exists()


def test_a_history_of_the_level_before_is_migrated_with_all_that_it_holds(tmp_path: Path) -> None:
    history = open_history(tmp_path, create=True)
    with history.writing() as connection:
        run = insert_run(connection, NOON, "model-1", (0.4, 0.1))
        save_tracks(connection, run, [record(1, vectors=(unit(1), unit(2)))])
    history.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as file:
        file.execute("DROP TABLE spans")
        file.execute("DROP TABLE files")
        file.execute("DROP TABLE face_blocks")
        file.execute("UPDATE alembic_version SET version_num = '0006'")
    file.close()
    with closing(open_history(tmp_path, create=False)) as opened, opened.reading() as reading:
        assert reading.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == LEVEL
        assert compare_metadata(MigrationContext.configure(reading), metadata) == []
        vectors = reading.execute(sa.select(samples.c.vector).order_by(samples.c.rank)).scalars().all()
        assert np.allclose(open_vectors(opened, vectors), [unit(1), unit(2)], atol=1e-3)


def test_a_history_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    open_history(tmp_path, create=True).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(HistoryError, match=r"newer version .*level 9999"):
        open_history(tmp_path, create=True)


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be one " * 40, b"SQLite format 3\0" + bytes(90)]
)
def test_a_damaged_history_is_one_message(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(HistoryError, match="cannot be"):
        open_history(tmp_path, create=True)


def test_a_link_is_refused(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / FILE_NAME).symlink_to(victim)
    with pytest.raises(HistoryError, match="is a link"):
        open_history(tmp_path / "history", create=True)
    assert victim.read_text() == "mine"


def test_two_processes_that_make_it_at_once(tmp_path: Path) -> None:
    program = "import sys, pathlib; from recognizer.history.database import open_history; "
    program += "sys.stdin.readline(); open_history(pathlib.Path(sys.argv[1]), create=True).close()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, env=environment)
        for _ in range(3)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.close()
    assert [process.wait(60) for process in started] == [0, 0, 0]


def test_nothing_is_kept_of_a_failed_change(tmp_path: Path) -> None:
    history = open_history(tmp_path, create=True)

    def fail() -> None:
        with history.writing() as connection:
            connection.execute(
                sa.text("INSERT INTO runs (id, began_us, model, known, margin) VALUES (1, 0, 'model', 0.4, 0.1)")
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with history.reading() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM runs")).scalar() == 0
    history.close()


@pytest.mark.parametrize("name", [b"track\xff", b"tracks"])
def test_a_damaged_schema_is_one_line(tmp_path: Path, name: bytes) -> None:
    """SQLite quotes it: names that are no text, and whole tables."""
    open_history(tmp_path, create=True).close()
    path = tmp_path / FILE_NAME
    data = path.read_bytes().replace(b"tabletrackstracks", b"table" + name + b"tracks")
    path.write_bytes(data.replace(b"CREATE TABLE tracks", b"CREATE TABLE )racks"))
    with pytest.raises(HistoryError, match="cannot be read") as caught:
        open_history(tmp_path, create=False)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
