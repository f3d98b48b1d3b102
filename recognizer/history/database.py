"""Open the history's database, and bring its tables up to date."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError

from recognizer.errors import ConfigError, HistoryAwayError, HistoryError
from recognizer.history import room, schema
from recognizer.history.encryption import Cipher, Plain
from recognizer.history.records import FILE_NAME as FILE_NAME
from recognizer.history.vectors import Span

REPLACED = "history.replaced.sqlite3"
"""The history that a restored one replaced, in the same folder, until the next one or until a person is forgotten."""
STAGING = ".restoring"
"""Folder in which a backup is verified before it is restored."""
_LONGEST_WORDS = 300
_BUSY_S = 5.0
"""How long a connection waits for another process that writes."""
_STATEMENT_MS = 60_000
"""Longest statement of PostgreSQL; a search of a million tracks takes seconds."""
_MIGRATION_LOCK = 0x7265636F
"""PostgreSQL's advisory lock that one migrating process holds; any number of our own."""
_MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """A history that is open; made by ``open_history``.

    Args:
        engine: connects to it.
        place: how messages name it.
        file: of SQLite; ``None`` for a server.
    """

    def __init__(self, engine: sa.Engine, place: str, *, file: Path | None = None) -> None:
        self.place = place
        self.file = file
        self.cipher: Cipher = Plain()
        """Of vectors and crops."""
        self.key_check: bytes | None = None
        """What stood in the history to check its key when it was opened; ``None`` without a key."""
        self.spans: dict[int, Span] = {}
        """Those read so far, by number; see ``spans``."""
        self._engine = engine

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Yield a connection that sees one state of the history.

        Raises:
            HistoryError: if the database is damaged or does not answer.
        """
        with self._translated("read"), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Yield a connection whose changes are all kept, or none of them after an exception.

        Raises:
            HistoryError: if the database is damaged, full or does not answer.
        """
        engine = self._engine.execution_options(write=True)
        with self._translated("written"), engine.connect() as connection, connection.begin():
            if engine.dialect.name == "postgresql":
                # one writer at a time, as in SQLite, and before anything is seen: else who deletes tracks would not see
                # a block of faces that is written meanwhile (``face_blocks``)
                connection.exec_driver_sql(f"LOCK TABLE {schema.face_blocks.name} IN SHARE ROW EXCLUSIVE MODE")
            yield connection

    @contextmanager
    def migrating(self) -> Iterator[sa.Connection]:
        """Yield a connection that alone may change tables, as ``writing``; others wait.

        Raises:
            HistoryError: as ``writing``.
        """
        if self._engine.dialect.name == "sqlite":
            with self.writing() as connection:
                yield connection
            return
        # not REPEATABLE READ: its view of the tables would be from before the wait for the lock
        engine = self._engine.execution_options(isolation_level="READ COMMITTED")
        with self._translated("migrated"), engine.connect() as connection, connection.begin():
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            yield connection

    def require_key(self, connection: sa.Connection) -> None:
        """Refuse to seal anything with a key that was changed since the history was opened.

        Raises:
            HistoryError: if it was encrypted, decrypted or given another key meanwhile.
        """
        check = connection.execute(sa.select(schema.facts.c.value).where(schema.facts.c.name == "check")).scalar()
        if check != self.key_check:
            raise HistoryError(f"The key of the history {self.place} was changed; it must be opened again with it.")

    def rewrite(self) -> None:
        """Write the whole file anew, so that nothing deleted is left in it.

        Raises:
            HistoryError: if there is no room for a second copy, or another process uses the history.
        """
        if self._engine.dialect.name == "sqlite":
            statements = ["PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"]
            engine = self._engine.execution_options(begin=False)
        else:
            statements = ["SET statement_timeout = 0"]
            statements += [f"VACUUM (FULL) {table.name}" for table in schema.metadata.sorted_tables]
            statements += ["SET statement_timeout TO DEFAULT"]
            engine = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        with self._translated("rewritten"), engine.connect() as connection:
            for statement in statements:
                found = connection.exec_driver_sql(statement)
                if found.returns_rows and (row := found.first()) is not None and row[0] == 1:  # of wal_checkpoint: busy
                    raise HistoryError(
                        f"What was deleted still stands in files of the history {self.place}, as another process reads "
                        "it. Stop the run, then do it again."
                    )

    @contextmanager
    def _translated(self, done: str) -> Iterator[None]:
        try:
            yield
        except (DataError, IntegrityError):  # a bug, or one bad value: not the database's fault
            raise
        except OperationalError as error:
            kind = HistoryError if self.file is not None or _is_refused(error) else HistoryAwayError
            raise kind(f"The history {self.place} cannot be {done}: {room.why(self.file, _words(error))}.") from error
        except DBAPIError as error:  # its own text holds the statement's values
            raise HistoryError(f"The history {self.place} cannot be {done}: {_words(error)}.") from error
        except (UnicodeDecodeError, json.JSONDecodeError) as error:  # in a text that the file held
            raise HistoryError(
                f"The history {self.place} cannot be {done}: it is damaged ({type(error).__name__}). Restore a backup: "
                "history restore FILE."
            ) from error


def open_history(place: Path | str, *, create: bool) -> Database:
    """Open a history, and migrate it if it is of an earlier level.

    Args:
        place: a folder for SQLite's file, which is readable to its owner only; or a ``postgresql://`` address, whose
            database must exist.
        create: make folder and file if there are none.

    Raises:
        ConfigError: if the address cannot be used.
        HistoryError: if there is no history, or it does not answer, is damaged or of a newer version.
    """
    database = _postgresql(place) if isinstance(place, str) else _sqlite_of(place, create=create)
    try:
        _migrate(database)
    except BaseException:
        database.close()
        raise
    return database


def _words(error: DBAPIError) -> str:
    """What the database says, on one line: PostgreSQL says several, and SQLite quotes a whole table."""
    words = " ".join(str(error.orig).split()).rstrip(".?")
    return words if len(words) <= _LONGEST_WORDS else f"{words[:_LONGEST_WORDS]} ..."


def _is_refused(error: OperationalError) -> bool:
    """Whether a server answered that it does not let us in: waiting does not help then."""
    return any(words in str(error.orig) for words in ("authentication failed", "does not exist", "pg_hba.conf"))


def _sqlite_of(folder: Path, *, create: bool) -> Database:
    path = folder / FILE_NAME
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise HistoryError(f"The history {path} cannot be read: {error.strerror}.") from error
    if path.is_symlink() or folder.is_symlink():
        raise HistoryError(f"The history {path} is a link; the history must be a folder and a file of its own.")
    if not path.exists():
        if not create:
            raise HistoryError(f"There is no history in {folder}. 'run --history' writes one.")
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        except OSError as error:
            raise HistoryError(f"The history {path} cannot be made: {error.strerror}.") from error
    return Database(_sqlite(path), str(path), file=path)


def _postgresql(address: str) -> Database:
    try:
        url = sa.make_url(address)
    except (sa.exc.ArgumentError, ValueError):  # the text quotes the address, which may hold a password
        url = None
    if url is None or url.get_backend_name() != "postgresql":
        raise ConfigError("history.address: wanted postgresql://USER:PASSWORD@HOST/DATABASE.")
    place = f"postgresql://{url.host or 'local socket'}/{url.database or ''}"
    try:
        engine = sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            isolation_level="REPEATABLE READ",  # a reader sees one state
            connect_args={"connect_timeout": round(_BUSY_S), "options": f"-c statement_timeout={_STATEMENT_MS}"},
        )
    except ModuleNotFoundError:
        message = f"The history {place} needs a driver: pip install -r requirements-postgres.txt."
        raise ConfigError(message) from None
    return Database(engine, place)


def _sqlite(path: Path) -> sa.Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)), connect_args={"timeout": _BUSY_S, "isolation_level": None}
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        # NORMAL: a killed process loses nothing; a power failure at most what was written after the last checkpoint
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "secure_delete = ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        """Begin transactions ourselves: Python's module commits before it changes tables, and locks late."""
        options = connection.get_execution_options()
        if options.get("begin", True):
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("write", False) else "BEGIN")

    return engine


def _migrate(database: Database) -> None:
    with database.reading() as connection:
        if not _is_older(connection, database.place):
            return
    from alembic import command  # .3 s of import, needed once for each level
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with database.migrating() as connection:
        if _is_older(connection, database.place):  # another process may have come first
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _is_older(connection: sa.Connection, place: str) -> bool:
    level = _level(connection)
    if level is not None and level not in _levels():
        raise HistoryError(
            f"The history {place} was written by a newer version of this program (level {level}, this one knows "
            f"{schema.LEVEL}). Install the newer version."
        )
    return level != schema.LEVEL


def _level(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _levels() -> frozenset[str]:
    names = (path.name for path in (_MIGRATIONS / "versions").iterdir())
    return frozenset(name.partition("_")[0] for name in names if re.match(r"\d{4}_\w+\.py$", name))
