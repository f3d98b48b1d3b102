"""Rules and the targets of notifications, from settings; a test message."""

from __future__ import annotations

import threading
import zoneinfo
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from loguru import logger

from recognizer.app.config import Settings
from recognizer.app.notify_sections import ANYBODY, DAYS, KNOWN, MQTT, UNKNOWN, WEBHOOKS, Notify, NotifyTarget
from recognizer.app.notify_sections import Rule as RuleSection
from recognizer.app.secret import secret
from recognizer.capture.address import complete_address
from recognizer.clock import WallClock, now
from recognizer.errors import ConfigError, OutputError, SourceError, UsageError
from recognizer.integrations.alerts import AlertSink, Receiver
from recognizer.integrations.rules.memory import FILE_NAME, RuleMemory
from recognizer.integrations.rules.schedule import Hours, Schedule
from recognizer.integrations.rules.types import Rule, What

if TYPE_CHECKING:
    from apprise import Apprise

    from recognizer.integrations.notify import NotifySink

MISSING = "needs a package that is not installed: pip install -r requirements-integrations.txt"


def make_rules(notify: Notify) -> list[Rule]:
    """Return the rules of the settings."""
    zone = None if notify.timezone is None else zoneinfo.ZoneInfo(notify.timezone)
    return [_rule(each, notify.groups, zone) for each in notify.rules]


def notify_sinks(settings: Settings, *, stop: threading.Event) -> Iterator[tuple[str, NotifySink]]:
    """Make the sink of each target that a rule sends to.

    Args:
        settings: of the run.
        stop: set when the run should stop.

    Raises:
        ConfigError: an address cannot be used, or a package is missing.
    """
    wanted = {name for rule in settings.notify.rules for name in rule.to}
    for target in settings.notify.targets:
        if target.name not in wanted:
            logger.warning("notify: no rule sends to target {}", target.name)
            continue
        try:
            from recognizer.integrations.notify import NotifySink
        except ModuleNotFoundError as error:
            raise ConfigError(f"notify: {MISSING} ({error.name}).") from error
        yield (
            target.name,
            NotifySink(
                target.name,
                target_address(target),
                crops=target.crops,
                folder=settings.integrations.place(settings.gallery.folder),
                stop=stop,
                waits_s=settings.notify.retry_s,
            ),
        )


def alert_sink(
    settings: Settings,
    sources: Sequence[str],
    *,
    live: AbstractSet[str],
    people: Collection[str],
    receivers: Mapping[str, Sequence[Receiver]],
) -> AlertSink:
    """Make what applies the rules; close it before the receivers.

    Args:
        settings: of the run.
        sources: names of all sources.
        live: names of the live ones.
        people: the enrolled people, to warn of names that are none.
        receivers: of the alerts, by the names that rules send to.

    Raises:
        ConfigError: a rule sends to a broker or to webhooks that are not set.
    """
    require_receivers(settings)
    for rule in settings.notify.rules:
        for source in sorted(set(rule.where) - set(sources)):
            logger.warning("notify: rule {} is about {}, which is no camera of this run", rule.name, source)
        for name in sorted(_names([rule], settings.notify.groups) - set(people)):
            logger.warning("notify: rule {} is about {}, who is not enrolled", rule.name, name)
    return AlertSink(
        make_rules(settings.notify),
        receivers=receivers,
        times=WallClock(live=live),
        memory=RuleMemory(settings.integrations.place(settings.gallery.folder) / FILE_NAME),
        people=people,
        pictures=any(target.crops for target in settings.notify.targets),
    )


def require_receivers(settings: Settings) -> None:
    """Check that there is a broker, or a webhook, where rules send to one.

    Raises:
        ConfigError: there is none.
    """
    for rule in settings.notify.rules:
        for name, missing in ((MQTT, settings.mqtt.host is None), (WEBHOOKS, not settings.webhooks)):
            if missing and name in rule.to:
                what = "mqtt.host is not set" if name == MQTT else "there are no webhooks"
                raise ConfigError(f"notify: rule {rule.name!r} sends to {name}, but {what}.")


def services_of(target: NotifyTarget) -> Apprise:
    """Return the services of a target's address.

    Raises:
        ConfigError: it cannot be read, or Apprise does not know it, or a package is missing.
    """
    try:
        from recognizer.integrations.notify import services
    except ModuleNotFoundError as error:
        raise ConfigError(f"notify: {MISSING} ({error.name}).") from error
    return services(target.name, target_address(target))


def target_address(target: NotifyTarget) -> str:
    """Return the address of a target, with its variables replaced.

    Raises:
        ConfigError: a variable is not set, or a file cannot be read.
    """
    if target.address is None:
        key = f"notify: target {target.name!r}: address"
        return secret(target.address_env, target.address_file, key=key) or ""
    try:
        return complete_address(target.address.get_secret_value())
    except SourceError as error:  # says which variable is not set
        raise ConfigError(f"notify: target {target.name!r}: {str(error).rpartition(': ')[2]}") from None


def send_test(settings: Settings, name: str | None = None) -> list[str]:
    """Send a test message to one target or to all; rules, rate limits and the queue have no part in it.

    Returns:
        The names of the targets, which all took it.

    Raises:
        UsageError: there is no such target.
        ConfigError: an address cannot be used, or a package is missing.
        OutputError: a target did not take it; the others were tried.
    """
    targets = [each for each in settings.notify.targets if name in (None, each.name)]
    if not targets:
        known = ", ".join(each.name for each in settings.notify.targets)
        wanted = "a target of notify.targets" if name is None else f"target {name!r}"
        raise UsageError(f"Wanted {wanted}, but the settings name {known or 'none'}; give their file with --config.")
    try:
        from recognizer.integrations.delivering import NotDeliveredError
        from recognizer.integrations.notify import send
    except ModuleNotFoundError as error:
        raise ConfigError(f"notify: {MISSING} ({error.name}).") from error
    failures = []
    for target in targets:
        try:
            text = f"A test message of recognizer, {now():%H:%M}"
            send(target.name, services_of(target), title="Test", text=text)
        except NotDeliveredError as error:
            failures.append(str(error))
    if failures:
        raise OutputError(f"The test message did not arrive: {'; '.join(failures)}.")
    return [target.name for target in targets]


def _rule(section: RuleSection, groups: Mapping[str, Sequence[str]], zone: zoneinfo.ZoneInfo | None) -> Rule:
    who = set(section.who)
    everybody = bool(who & {ANYBODY, KNOWN})
    return Rule(
        name=section.name,
        what=What(section.what),
        names=None if everybody else frozenset(_names([section], groups)),
        unknown=bool(who & {ANYBODY, UNKNOWN}),
        sources=frozenset(section.where) or None,
        schedule=Schedule(
            hours=tuple(Hours.parse(each) for each in section.when.hours),
            days=frozenset(DAYS.index(day) for day in section.when.days or DAYS),
            zone=zone,
        ),
        for_s=section.for_s,
        absence_s=section.absence_s,
        every_s=section.every_s,
        per=frozenset(section.per),
        digest_s=section.digest_s,
        to=section.to,
    )


def _names(rules: Sequence[RuleSection], groups: Mapping[str, Sequence[str]]) -> set[str]:
    """The people of rules: a word is the name of a group before that of a person."""
    words = {word for rule in rules for word in rule.who} - {ANYBODY, KNOWN, UNKNOWN}
    return {name for word in words for name in groups.get(word, (word,))}


__all__ = ["MQTT", "WEBHOOKS", "alert_sink", "make_rules", "notify_sinks", "send_test", "target_address"]
