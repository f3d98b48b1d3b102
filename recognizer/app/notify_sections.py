"""The section ``notify`` of the settings: who is notified of what, and when; see ``docs/notifications.md``."""

from __future__ import annotations

import zoneinfo
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, field_validator, model_validator

from recognizer.app.sections import Section
from recognizer.app.setting_types import Seconds, UserPath
from recognizer.integrations.rules.schedule import Hours as Span

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
What = Literal["seen", "arrives", "leaves", "camera_lost", "camera_back"]
ANYBODY, KNOWN, UNKNOWN = "anybody", "known", "unknown"
MQTT, WEBHOOKS = "mqtt", "webhooks"
"""Names under which rules send to the broker and to all webhooks; all others are names of targets."""
_CAMERA_RULES = ("camera_lost", "camera_back")


def _listed(value: Any) -> Any:
    """One word, or a list of words."""
    return (value,) if isinstance(value, str) else value


def _hours(text: str) -> str:
    """Check a span of hours; one whose end is not after its beginning ends on the next day."""
    return str(Span.parse(text))


def _days(value: Any) -> Any:
    """Expand ``mon-fri``."""
    if not isinstance(value, list | tuple):
        return value
    days: list[Any] = []
    for each in value:
        begin, dash, end = str(each).lower().partition("-")
        if dash and begin in DAYS and end in DAYS:
            first, last = DAYS.index(begin), DAYS.index(end)
            days += [DAYS[number % 7] for number in range(first, last + 1 if last >= first else last + 8)]
        else:
            days.append(each.lower() if isinstance(each, str) else each)
    return tuple(day for place, day in enumerate(days) if day not in days[:place])


Word = Annotated[str, Field(min_length=1, max_length=200)]
Words = Annotated[tuple[Word, ...], BeforeValidator(_listed)]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^/\\\x00-\x1f]+$")]
Hours = Annotated[str, AfterValidator(_hours)]
Days = Annotated[tuple[Day, ...], BeforeValidator(lambda value: _days(_listed(value)))]
LongSeconds = Annotated[float, Field(ge=0, le=7 * 86400)]


class When(Section):
    """The times at which a rule holds."""

    hours: Annotated[tuple[Hours, ...], BeforeValidator(_listed)] = ()
    """Such as ``22:00-06:00``; all day by default."""
    days: Days = ()
    """``mon`` to ``sun``, or ``mon-fri``; all by default. Hours that pass midnight belong to the day they begin on."""


class Rule(Section):
    """Who is notified of what, where, when and how often."""

    name: Name
    """In messages; each rule has its own."""
    what: What = "seen"
    """``seen``; ``arrives``: seen for the first time after ``absence_s``; ``leaves``: not seen for ``absence_s``;
    ``camera_lost`` and ``camera_back``."""
    who: Words = (ANYBODY,)
    """``anybody``, ``known``, ``unknown``, names of people or of groups."""
    where: Words = ()
    """Names of cameras; all by default."""
    when: When = When()
    for_s: LongSeconds | None = None
    """How long it must last: in the picture, or without picture. By default nothing, and for unknown people two s,
    in which most of those who are enrolled are recognised."""
    absence_s: Annotated[float, Field(gt=0, le=7 * 86400)] = 1800
    """How long somebody is not seen before they ``arrive`` again, or have left."""
    every_s: LongSeconds = 300
    """Shortest time between two messages about the same person and camera; what falls between is counted."""
    per: tuple[Literal["person", "camera"], ...] = ("person", "camera")
    """What ``every_s`` distinguishes; ``[]``: one message of this rule at all."""
    digest_s: Annotated[float, Field(ge=0, le=86400)] = 0
    """Gather messages for so long and send them as one."""
    to: Annotated[tuple[Name, ...], BeforeValidator(_listed), Field(min_length=1)]
    """``mqtt``, ``webhooks``, and names of targets."""

    @field_validator("when", mode="before")
    @classmethod
    def _short_form(cls, when: Any) -> Any:
        return {"hours": when} if isinstance(when, str | list) else when

    @model_validator(mode="after")
    def _fits(self) -> Rule:
        if self.what in _CAMERA_RULES and self.who != (ANYBODY,):
            raise ValueError(f"a rule about {self.what} is about no person: remove 'who'")
        return self


class NotifyTarget(Section):
    """A phone, a mailbox, a chat: one of the services of Apprise."""

    name: Name
    """By which rules name it; each target has its own."""
    address: SecretStr | None = None
    """Of Apprise, such as ``ntfys://TOPIC`` or ``mailtos://USER:${PASSWORD}@HOST``; ``${NAME}`` is a variable of the
    environment. https://appriseit.com/services/ lists all."""
    address_env: Word | None = None
    """Environment variable with the whole address."""
    address_file: UserPath | None = None
    """File whose first line is the address."""
    crops: bool = False
    """Send pictures of the faces along: they leave this machine."""

    @field_validator("name")
    @classmethod
    def _is_free(cls, name: str) -> str:
        if name in (MQTT, WEBHOOKS):
            raise ValueError(f"{name} is no name of a target: rules send to {name} by it")
        return name

    @model_validator(mode="after")
    def _has_one_address(self) -> NotifyTarget:
        given = [each for each in (self.address, self.address_env, self.address_file) if each is not None]
        if len(given) != 1:
            raise ValueError(f"wanted one of address, address_env and address_file, got {len(given) or 'none'}")
        return self


class Notify(Section):
    """Rules, and the targets of notifications."""

    timezone: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """Of the rules' hours, such as ``Europe/Berlin``; this machine's by default."""
    groups: dict[Name, Words] = Field(default_factory=dict)
    """Names of people under one name."""
    targets: tuple[NotifyTarget, ...] = ()
    rules: tuple[Rule, ...] = ()
    retry_s: Annotated[tuple[Seconds, ...], Field(min_length=1, max_length=10)] = (10, 60, 300, 1800, 3600)
    """Waits after the first, second ... vain attempt at a target; the last one for all further ones."""

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, name: str | None) -> str | None:
        try:
            return name if name is None else zoneinfo.ZoneInfo(name).key
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("wanted a time zone such as Europe/Berlin") from None

    @field_validator("groups")
    @classmethod
    def _groups_have_own_names(cls, groups: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if taken := {ANYBODY, KNOWN, UNKNOWN} & set(groups):
            raise ValueError(f"{', '.join(sorted(taken))} means something else; take another name")
        return groups

    @model_validator(mode="after")
    def _fits_together(self) -> Notify:
        for what, names in (("target", [t.name for t in self.targets]), ("rule", [r.name for r in self.rules])):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"wanted another name for each {what}, got {twice[0]!r} twice")
        targets = [each.name for each in self.targets]
        for rule in self.rules:
            if missing := [name for name in rule.to if name not in (MQTT, WEBHOOKS, *targets)]:
                known = ", ".join((MQTT, WEBHOOKS, *targets))
                raise ValueError(f"rule {rule.name!r} sends to {missing[0]!r}, which is no target; there are: {known}")
        return self
