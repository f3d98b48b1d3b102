"""Models of what gets events."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from recognizer.serve.models.common import Model

EventName = Literal["appeared", "recognised", "changed", "lost", "source_lost", "source_back", "alert"]


class TargetAnswer(Model):
    """Something that gets events; secrets are never shown again."""

    id: str
    kind: Literal["mqtt", "webhook", "notify"]
    address: str
    """Scheme and host, of a broker also the topic, of a service of Apprise its name: the rest is a secret."""
    has_secret: bool
    kinds: list[str]
    """Events that it gets; empty: all."""
    private_hosts: list[str]
    """Hosts of the local network that it may reach."""
    can_remove: bool
    """False: only in the settings file."""


class TargetsAnswer(Model):
    """What gets events."""

    targets: list[TargetAnswer]
    can_change: bool
    """False: there is no settings file to write."""


class NewWebhook(Model):
    """A webhook to add."""

    address: Annotated[str, Field(min_length=1, max_length=1000)]
    """https:// or http://."""
    kinds: Annotated[tuple[EventName, ...], Field(max_length=7)] = ()
    """Events to send; none: all."""
    allow_private: StrictBool = False
    """Its host may be one of the local network."""


class WebhookAdded(Model):
    """A webhook was added; its secret is shown this once."""

    id: str
    secret: str
    """With it the receiver checks signatures: https://www.standardwebhooks.com."""
    applies: str
    targets: list[TargetAnswer]


class TargetsChanged(Model):
    """What gets events now, and from when on."""

    applies: str
    targets: list[TargetAnswer]


class TargetTest(Model):
    """Whether a test message arrived."""

    delivered: bool
    message: str
    """Why not, in words."""
