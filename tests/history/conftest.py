"""A history to test with: SQLite's, and PostgreSQL's where Debian's server is installed."""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from recognizer.history.database import Database, open_history

_numbers = itertools.count()


class PostgresServer:
    """A server with its data and its socket in a folder; as it refuses to run as root, ``postgres`` runs it then."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder

    def run(self, program: str, *words: str) -> None:
        command = [str(self._programs / program), *words]
        if os.getuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, cwd="/", check=True, capture_output=True, timeout=100)

    def start(self) -> None:
        options = f"-c listen_addresses= -c unix_socket_directories={self._folder} -c fsync=off"
        log = str(self._folder / "log")
        self.run("pg_ctl", "start", "-w", "-D", str(self._folder / "data"), "-l", log, "-o", options)

    def stop(self) -> None:
        self.run("pg_ctl", "stop", "-m", "fast", "-D", str(self._folder / "data"))

    def address(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def new_database(self) -> str:
        """Make an empty database; returns its address."""
        name = f"history_{next(_numbers)}"
        url = sa.make_url(self.address("postgres")).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        return self.address(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running server. CI installs it, and says so: there a test must not skip for want of it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found or importlib.util.find_spec("psycopg") is None:
        if "RECOGNIZER_TEST_SERVICES" in os.environ:
            pytest.fail("RECOGNIZER_TEST_SERVICES is set, but PostgreSQL or its driver is not installed")
        pytest.skip("PostgreSQL (Debian: postgresql) or its driver (requirements-postgres.txt) is not installed")
    with running_postgres(found[-1]) as server:
        yield server


@contextmanager
def running_postgres(programs: Path) -> Iterator[PostgresServer]:
    """Make a server, and stop it at the end.

    Args:
        programs: folder of ``initdb`` and ``pg_ctl``.
    """
    # not in pytest's folder, whose parent every run of pytest closes to other users
    shared = None if os.getuid() else "/tmp"  # noqa: S108 - where TMPDIR may be closed to others, too
    with tempfile.TemporaryDirectory(prefix="recognizer-postgres-", dir=shared) as name:
        folder = Path(name)
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        server = PostgresServer(programs, folder)
        server.run(
            "initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"
        )
        server.start()
        yield server
        server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where a history may be made: a folder, or the address of an empty database."""
    if request.param == "sqlite":
        return tmp_path / "history"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def history(place: Path | str) -> Iterator[Database]:
    """An empty history, in turn of each kind."""
    opened = open_history(place, create=True)
    yield opened
    opened.close()
