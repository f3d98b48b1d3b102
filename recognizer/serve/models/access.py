"""Models of tokens and sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from recognizer.serve.models.common import Model

ScopeName = Literal["metrics", "read", "verify", "review", "box", "admin"]


class TokenAnswer(Model):
    """A token without its secret."""

    name: str
    scopes: list[ScopeName]
    created_at: datetime
    expires_at: datetime | None
    """Null: never."""
    sessions: int
    """Browsers that are logged in with it."""


class TokensAnswer(Model):
    """The tokens that are good for something, the oldest first."""

    tokens: list[TokenAnswer]


class NewToken(Model):
    """A token to make."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    """What it is for."""
    scopes: Annotated[tuple[ScopeName, ...], Field(min_length=1, max_length=6)]
    days: Annotated[float, Field(ge=0.01, le=36600)] | None = None
    """Until it expires; null: never."""


class TokenMade(Model):
    """A token with its secret, which is shown this once and kept nowhere."""

    name: str
    scopes: list[ScopeName]
    expires_at: datetime | None
    secret: str


class SessionAnswer(Model):
    """A browser that is logged in."""

    id: int
    name: str
    """Of the token; ``login link`` for one that began with a link."""
    began_with: Literal["login_link", "token"]
    scopes: list[ScopeName]
    created_at: datetime
    expires_at: datetime
    current: bool
    """Whether it is the one that asks."""


class SessionsAnswer(Model):
    """The browsers that are logged in, the newest first."""

    sessions: list[SessionAnswer]


class SessionsEnded(Model):
    """How many sessions were ended."""

    ended: int
