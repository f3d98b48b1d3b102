"""Models of the service itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from recognizer.serve.models.common import Model


class About(Model):
    """What answers here."""

    name: Literal["recognizer"] = "recognizer"
    version: str
    model: str | None
    """Fingerprint of the embedding model; null until it is loaded."""
    docs: str = "/docs"


class Health(Model):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(Model):
    """Whether requests that need the model are answered, and recognition sees something."""

    status: Literal["ready", "model_loading", "recognition_starting", "no_pictures"]


class Login(Model):
    """A code of a login link, or a token."""

    secret: Annotated[str, Field(min_length=1, max_length=200)]


class Session(Model):
    """Who is logged in."""

    name: str
    scopes: list[Literal["metrics", "read", "verify", "review", "box", "admin"]]
    """All that are allowed, those that others include too."""
