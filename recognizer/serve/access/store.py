"""Tokens, sessions and login codes, kept as digests in a private folder.

Every secret has 256 random bits, so one SHA-256 is enough: there is nothing to guess. The file is SQLite, which several
processes (the service, ``serve token``) may change at once; a revoked token counts no more from the next request on.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recognizer.errors import ConfigError, UsageError
from recognizer.serve.access.scopes import Principal, Scope

FILE_NAME = "access.sqlite"
SESSION_S = 14 * 24 * 3600.0
"""After which a browser has to log in again."""
LOGIN_S = 15 * 60.0
"""For which a login link may be used, once."""
CODE_S = 24 * 3600.0
"""For which the code of a new box may be used, once: somebody carries it there."""
_PREFIX = {"token": "frt_", "session": "frs_", "login": "frl_", "code": "frb_"}
_SCHEMA = """
CREATE TABLE IF NOT EXISTS secrets (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, name TEXT NOT NULL, digest BLOB NOT NULL UNIQUE,
    scopes TEXT NOT NULL, created_at REAL NOT NULL, expires_at REAL,
    parent INTEGER REFERENCES secrets (id) ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS listening (id INTEGER PRIMARY KEY CHECK (id = 1), address TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS token_names ON secrets (name) WHERE kind = 'token';
"""


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret."""

    name: str
    scopes: tuple[str, ...]
    created_at: float
    """Seconds since 1970, as below."""
    expires_at: float | None


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """A browser that is logged in."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created_at: float
    """Seconds since 1970, as below."""
    expires_at: float
    token: str | None
    """Name of the token that it began with; ``None``: a login link."""


class AccessStore:
    """The secrets of one service.

    Args:
        folder: made with mode 0700 where it is missing.
        clock: seconds since 1970.

    Raises:
        ConfigError: if the folder cannot be used, or others than its owner may read it.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        path = self._path = folder / FILE_NAME
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if os.name == "posix" and folder.stat().st_mode & 0o077:
                raise ConfigError(
                    f"The service's folder {folder} can be read by other users; wanted mode 0700: chmod 700 {folder}"
                )
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600))
            self._database = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
            self._database.executescript("PRAGMA foreign_keys = ON;" + _SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(f"The service's folder {folder} cannot be used: {error}.") from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def create_token(self, name: str, scopes: Iterable[str], *, days: float | None = None) -> str:
        """Make a token and return its secret, which is kept nowhere.

        Raises:
            UsageError: if another token has the name, or a scope does not exist.
        """
        wanted = list(dict.fromkeys(scopes))
        if unknown := [scope for scope in wanted if scope not in {each.value for each in Scope}] or not wanted:
            raise UsageError(
                f"scopes: wanted some of {', '.join(each.value for each in Scope)}, got {unknown or wanted}."
            )
        if not name.strip() or len(name) > 100 or not name.isprintable():
            raise UsageError("A token's name has 1 to 100 printable characters.")
        try:
            return self._create("token", name, wanted, None if days is None else days * 24 * 3600)
        except sqlite3.IntegrityError:
            raise UsageError(f"There is a token called {name!r} already; revoke it, or take another name.") from None

    def tokens(self) -> list[Token]:
        """Return the tokens that are good for something, the oldest first."""
        rows = self._all(
            "SELECT name, scopes, created_at, expires_at FROM secrets "
            "WHERE kind = 'token' AND (expires_at IS NULL OR expires_at > ?) ORDER BY id",
            (self._clock(),),
        )
        return [Token(name, tuple(scopes.split()), created_at, until) for name, scopes, created_at, until in rows]

    def revoke(self, name: str) -> bool:
        """Delete a token, or a box's code, and the sessions begun with it; false where none has that name."""
        return self._change("DELETE FROM secrets WHERE kind IN ('token', 'code') AND name = ?", (name,)) > 0

    def sessions(self) -> list[BrowserSession]:
        """Return the browsers that are logged in, the newest first."""
        rows = self._all(
            "SELECT own.id, own.name, own.scopes, own.created_at, own.expires_at, token.name FROM secrets AS own "
            "LEFT JOIN secrets AS token ON token.id = own.parent "
            "WHERE own.kind = 'session' AND own.expires_at > ? ORDER BY own.id DESC",
            (self._clock(),),
        )
        return [BrowserSession(number, name, tuple(scopes.split()), *rest) for number, name, scopes, *rest in rows]

    def session_id(self, session: str) -> int | None:
        """Return the number of the session with this secret; ``None`` where there is none."""
        found = self._find(session, ("session",))
        return None if found is None else found[0]

    def end_sessions(self, numbers: Iterable[int]) -> int:
        """End sessions by their numbers; returns how many of them there were."""
        with self._lock, self._translated():
            statement = "DELETE FROM secrets WHERE kind = 'session' AND id = ?"
            return sum(self._database.execute(statement, (number,)).rowcount for number in numbers)

    def is_new(self) -> bool:
        """Whether nobody has had access yet: no token was made and nobody has logged in."""
        return not self._all("SELECT 1 FROM secrets WHERE kind IN ('token', 'session') LIMIT 1")

    def remember_address(self, address: str) -> None:
        """Keep where the service listens, for the links of another process."""
        self._change("INSERT OR REPLACE INTO listening VALUES (1, ?)", (address,))

    def address(self) -> str | None:
        """Where the service listened last; ``None`` before its first start."""
        rows = self._all("SELECT address FROM listening")
        return str(rows[0][0]) if rows else None

    def create_login(self) -> str:
        """Make a code that one browser may log in with, once, as administrator."""
        return self._create("login", "login link", [Scope.ADMIN.value], LOGIN_S)

    def create_code(self, name: str) -> str:
        """Make a code that a new box may exchange for its token, once; an unused one of the same box is void then.

        Raises:
            UsageError: if a token has the name.
        """
        if any(token.name == name for token in self.tokens()):
            raise UsageError(f"There is a box or token called {name!r} already; revoke it, or take another name.")
        self._change("DELETE FROM secrets WHERE kind = 'code' AND name = ?", (name,))
        return self._create("code", name, [Scope.BOX.value], CODE_S)

    def codes(self) -> set[str]:
        """Return the names of the boxes whose codes are not used yet."""
        query = "SELECT name FROM secrets WHERE kind = 'code' AND expires_at > ?"
        return {name for (name,) in self._all(query, (self._clock(),))}

    def exchange_code(self, code: str) -> tuple[str, str] | None:
        """Use up the code of a box; returns its name and its token, ``None`` where the code is not valid."""
        found = self._find(code, ("code",))
        if found is None or self._change("DELETE FROM secrets WHERE id = ?", (found[0],)) == 0:
            return None
        return found[2], self.create_token(found[2], [Scope.BOX.value])

    def log_in(self, secret: str) -> tuple[str, Principal] | None:
        """Begin a session with a login code, which is used up, or with a token.

        Returns:
            The session's secret and who it is; ``None`` where the code or token is not valid.
        """
        found = self._find(secret, ("login", "token"))
        if found is None:
            return None
        number, kind, name, scopes = found
        if kind == "login" and self._change("DELETE FROM secrets WHERE id = ?", (number,)) == 0:
            return None  # another browser was sooner
        parent = number if kind == "token" else None
        return self._create("session", name, scopes.split(), SESSION_S, parent), _principal(name, scopes)

    def log_out(self, session: str) -> None:
        """End a session."""
        self._change("DELETE FROM secrets WHERE kind = 'session' AND digest = ?", (_digest(session),))

    def principal(self, secret: str, *, kind: str) -> Principal | None:
        """Return whose secret it is; ``None`` where it is unknown, expired or revoked.

        Args:
            secret: as the client sent it.
            kind: ``token`` or ``session``.
        """
        found = self._find(secret, (kind,))
        return None if found is None else _principal(found[2], found[3])

    def _create(
        self, kind: str, name: str, scopes: Iterable[str], lasts_s: float | None, parent: int | None = None
    ) -> str:
        secret, now = _PREFIX[kind] + secrets.token_urlsafe(32), self._clock()
        until = None if lasts_s is None else now + lasts_s
        with self._lock, self._translated():
            self._database.execute("DELETE FROM secrets WHERE expires_at <= ?", (now,))
            self._database.execute(
                "INSERT INTO secrets (kind, name, digest, scopes, created_at, expires_at, parent) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (kind, name, _digest(secret), " ".join(scopes), now, until, parent),
            )
        return secret

    def _find(self, secret: str, kinds: tuple[str, ...]) -> tuple[int, str, str, str] | None:
        rows = self._all(
            "SELECT id, kind, name, scopes FROM secrets WHERE digest = ? AND (expires_at IS NULL OR expires_at > ?)",
            (_digest(secret), self._clock()),
        )
        return next(((number, kind, name, scopes) for number, kind, name, scopes in rows if kind in kinds), None)

    def _all(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with self._lock, self._translated():
            return self._database.execute(query, values).fetchall()

    def _change(self, query: str, values: tuple[object, ...]) -> int:
        """Change rows; returns how many."""
        with self._lock, self._translated():
            return self._database.execute(query, values).rowcount

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Say what is wrong with the file: a full disk, damage, another process that holds it."""
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as error:
            raise ConfigError(
                f"The tokens and logins in {self._path} cannot be used ({error}); free some space, or, if the file is "
                "damaged, move it away: they are made anew then."
            ) from error


def _principal(name: str, scopes: str) -> Principal:
    known = {scope.value for scope in Scope}
    return Principal(
        name, frozenset(Scope(scope) for scope in scopes.split() if scope in known)
    )  # damaged ones count not


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
